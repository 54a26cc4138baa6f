"""Records that a message, read again, no longer holds: they are put before a person. Pure.

A connector has changed since they were admitted. What was sealed goes to the dead queue whole,
as if the hop that would take it had failed on it: the desk shows it, and can send it again.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from hub.store.database import Row
from routing import keys
from routing.message import Delivery, Message, Tag
from routing.outcome import Park
from routing.parking import parked
from schemas.envelope import CONTENT_TYPE

CAUSE = "relay-cannot-reproduce"
_WHY = "a record was admitted from this message that reading it again does not give"


def is_correction(row: Row) -> bool:
    """Whether a row of the journal is a record corrected at the desk, not a ministry's message:
    no ministry can use an id with a blank in it."""
    return row["content_type"] == CONTENT_TYPE and " " in row["message_id"]


def letter(row: Row, ministries: Container[str], now: datetime) -> Message:
    """Make the message that takes a row of the journal to the desk, with its cause."""
    return parked(_delivery(row, ministries), Park(CAUSE, _WHY), now)


def _delivery(row: Row, ministries: Container[str]) -> Delivery:
    ministry, lane = row["ministry"], row["lane"]
    if is_correction(row):
        exchange, queue = keys.CANONICAL, keys.writer_queue(lane)
    else:
        known = ministry in ministries
        exchange = keys.intake_exchange(ministry)
        queue = keys.intake_queue(ministry, lane) if known else keys.INTAKE_UNROUTED
    return Delivery(
        tag=Tag(0, 0),
        queue=queue,
        exchange=exchange,
        routing_key=lane,
        body=row["body"],
        message_id=row["message_id"],
        content_type=row["content_type"],
        headers=row["headers"],
    )
