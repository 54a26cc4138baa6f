"""Events made again from what the journal has sealed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from connectors._kit.contract import Connector, RawMessage, Rules
from hub.intake.arrival import Arrived
from hub.intake.reading import read_records
from hub.intake.vanished import is_correction
from hub.store.database import Row
from schemas.envelope import Event, decode_batch


def events_of(row: Row, connectors: Mapping[str, Connector], rules: Rules) -> list[Event]:
    """Make the events of a row of the journal, as ``journal.read`` gives it, once more."""
    if is_correction(row):
        return list(decode_batch(row["body"]))
    raw = RawMessage(
        ministry=row["ministry"],
        message_id=row["message_id"],
        content_type=row["content_type"],
        body=row["body"],
        received_at=row["received_at"],
        headers=row["headers"],
    )
    arrived = Arrived(raw, row["lane"], "", row["sender"], derived_id=False, refusal=None)
    held = read_records(arrived, connectors, rules)
    return [each.event for each in held if each.event]
