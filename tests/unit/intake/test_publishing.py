"""Canonical events become few messages, and none that is too large."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.intake.publishing import canonical_messages
from schemas.catalogue import records
from schemas.envelope import Event, Operation, decode_batch, make_event
from tests.unit.schemas.samples import EXAMPLES

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def event_of(ordinal: int, padding: int = 0) -> Event:
    record_class = records()["person"]
    record = record_class.model_validate(EXAMPLES["person"])
    event = make_event(
        record_class,
        record,
        subject=record.subject,
        fact_key=record.fact_key,
        ministry="interior",
        message_id="m-1",
        ordinal=ordinal,
        operation=Operation.CREATE,
        occurred_at=NOW,
        sequence=None,
        received_at=NOW,
    )
    return event.model_copy(update={"data": {"padding": "x" * padding}}) if padding else event


def sizes(events: list[Event], most: int = 250) -> list[int]:
    messages = canonical_messages([("live", event) for event in events], NOW, most=most)
    return [len(decode_batch(message.body)) for message in messages]


def test_events_of_one_key_share_a_message_up_to_the_given_number() -> None:
    assert sizes([event_of(n) for n in range(5)], most=2) == [2, 2, 1]


def test_an_event_given_twice_is_published_once() -> None:
    assert sizes([event_of(0), event_of(0)]) == [1]


def test_large_events_share_no_message_that_would_be_too_large() -> None:
    large = [event_of(n, padding=200 * 1024) for n in range(3)]
    assert sizes([*large, event_of(3)]) == [2, 2]
    assert sizes([event_of(0, padding=2 * 1024 * 1024), event_of(1)]) == [1, 1]
