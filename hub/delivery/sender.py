"""What leaves the hub, and the port by which it does.

A sender knows one subscriber's endpoint and nothing of grants: whatever it is handed was decided
and logged before, and may not be changed by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from routing.message import TRACEPARENT
from schemas.errors import RetryLater


@dataclass(frozen=True, slots=True)
class Parcel:
    """Minimised records of one subscriber under one grant, as they are sent.

    ``delivery_id`` (32 hex digits) is derived from the subscriber and the record ids: the same
    records, sent again, keep it, and receivers drop repeats by it or by the records' own ids.
    The grant is the one it leaves under; ``traceparent`` its place in a trace.
    """

    delivery_id: str
    subscriber: str
    content_type: str
    body: bytes
    record_ids: tuple[str, ...]
    grant_id: str = ""
    grant_version: int = 0
    traceparent: str | None = None

    @property
    def trace_headers(self) -> dict[str, str]:
        """What goes along with it for whoever follows the trace."""
        return {TRACEPARENT: self.traceparent} if self.traceparent else {}

    @classmethod
    def of(
        cls,
        subscriber: str,
        content_type: str,
        body: bytes,
        record_ids: Sequence[str],
        *,
        grant_id: str = "",
        grant_version: int = 0,
    ) -> Self:
        """Make a parcel under its derived id."""
        ids = tuple(record_ids)
        delivery_id = derive_delivery_id(subscriber, ids)
        return cls(delivery_id, subscriber, content_type, body, ids, grant_id, grant_version)


def derive_delivery_id(subscriber: str, record_ids: Sequence[str]) -> str:
    """``H(subscriber, record ids in order)`` as 32 hex digits: derived, never drawn."""
    text = "\x1f".join((subscriber, *record_ids))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Postponed(RetryLater):
    """The endpoint asks for patience; ``seconds`` is how long, None where it did not say."""

    def __init__(self, explanation: str, seconds: float | None = None) -> None:
        super().__init__(explanation)
        self.seconds = seconds


class Sender(Protocol):
    """Hands parcels to one subscriber; used by one thread."""

    @property
    def patience(self) -> timedelta:
        """The longest ``send`` may take. Revocations wait that long for a sender that vanished."""
        ...

    def send(self, parcel: Parcel, now: datetime) -> None:
        """Return once the subscriber has the parcel, for sure; ``now`` is aware.

        Raises ``Unavailable`` where the endpoint is down (the breaker's business, not an attempt),
        ``Postponed`` or any other ``RetryLater`` where this parcel should be tried again,
        ``Parked`` where the endpoint refuses it for good. After an exception it may have arrived.
        """
        ...

    def close(self) -> None:
        """Release connections; idempotent."""
        ...
