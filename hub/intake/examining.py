"""The verdict on a message without taking it: for the door, and for whoever wants to know first."""

from __future__ import annotations

import hashlib

from connectors._kit.contract import Connector, RawMessage, Rules
from hub.intake.arrival import Arrived
from hub.intake.reading import Held, read_records


def examine(raw: RawMessage, connector: Connector, rules: Rules) -> tuple[Held, ...]:
    """Read a message as intake would; nothing is kept and nothing is sent."""
    digest = hashlib.sha256(raw.body).hexdigest()
    arrived = Arrived(raw, "live", digest, None, derived_id=False, refusal=None)
    return read_records(arrived, {connector.name: connector}, rules)
