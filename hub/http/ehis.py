"""What comes over EHİS: a ministry's message, taken out of the exchange's envelope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors._ehis.envelope import HUB, open_envelope
from connectors._kit.content import check_content_type
from connectors._kit.contract import Connector, Limits, RawMessage
from hub.http.door import Conversation, Letter
from schemas.envelope import Channel
from schemas.errors import Refused

NAME = Channel.EHIS.value
"""The name of the exchange's gateway among the senders."""


def letter_of(
    envelope: bytes,
    content_type: str,
    connectors: Mapping[str, Connector],
    limits: Limits,
    now: datetime,
    *,
    lane: str,
    sender: str,
    jws: str,
) -> Letter:
    """Read the letter in an envelope; the ministry is the one that the envelope names.

    Raises ``Refused``: what ``open_envelope`` does, ``unknown-ministry``, ``content-type``.
    """
    exchange = open_envelope(RawMessage(NAME, "", content_type, envelope, now), limits)
    connector = connectors.get(exchange.sender)
    if connector is None:
        raise Refused("unknown-ministry", "From", "no ministry of this name sends to this hub")
    if exchange.receiver != HUB:
        raise Refused("unknown-ministry", "To", f"expected {HUB}")
    check_content_type(exchange.content_type, connector.content_types)
    return Letter(
        connector=connector,
        lane=lane,
        message_id=exchange.message_id,
        content_type=exchange.content_type,
        body=exchange.payload,
        sender=sender,
        jws=jws,
        conversation=Conversation(exchange.correlation_id, exchange.service_id),
    )
