"""A worker has in memory what it is at work on, not all that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hub.delivery.custody import Due
from hub.delivery.handler import DeliveryHandler
from routing.message import Delivery, Tag
from schemas.envelope import Event, decode_batch, encode_batch
from tests.support.outbound_events import person

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Noting:
    """In place of the dispatcher: notes what it was given, and how much was read by then."""

    read: list[int]
    given: list[tuple[list[str], int]] = field(default_factory=list)

    def dispatch(self, records: Sequence[Due]) -> None:
        self.given.append(([record.event.id for record in records], len(self.read)))


def test_deliveries_are_read_as_their_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def noting(body: bytes) -> Sequence[Event]:
        read.append(len(body))
        return decode_batch(body)

    monkeypatch.setattr("hub.delivery.handler.decode_batch", noting)
    events = [person(number) for number in range(6)]
    bodies = [encode_batch(events[start : start + 2]) for start in (0, 2, 4)]
    deliveries = [
        Delivery(Tag(1, n), "outbound.body.live", "canonical", "", body)
        for n, body in enumerate(bodies)
    ]
    dispatcher = Noting(read)
    handler = DeliveryHandler(cast(Any, dispatcher), cast(Any, None), most_records=2)
    handler._look_at = datetime.max.replace(tzinfo=UTC)
    handler.handle(deliveries, NOW)
    ids = [event.id for event in events]
    assert dispatcher.given == [(ids[:2], 1), (ids[2:4], 2), (ids[4:], 3)]
