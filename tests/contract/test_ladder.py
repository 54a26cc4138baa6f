"""The retry ladder and the dead queues, on either bus."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing import parking, retry
from routing.message import ATTEMPTS, CAUSE, ORIGIN, Message
from routing.outcome import Park, Retry
from schemas.errors import Stop
from tests.support.buses import COPY, FRAGILE, LONG_RUNG, MOMENT, RUNG, SOON, BusUnderTest

WRITER = "registry.writer.live"
KEY = "live.c412.person.v1.alpha"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def publish(subject: BusUnderTest, body: bytes = b"[1]") -> None:
    message = Message("canonical", KEY, body, "m-1", "application/json", {"x-lane": "live"})
    subject.bus.publisher().publish([message])


def test_a_postponed_message_returns_to_its_queue_alone_and_not_before_its_time(
    subject: BusUnderTest,
) -> None:
    publish(subject)
    writer = subject.bus.subscribe([WRITER], prefetch=5)
    copy = subject.bus.subscribe([COPY], prefetch=5)
    [failed] = writer.receive(1, SOON)
    copy.ack(copy.receive(1, SOON))

    postponed_at = subject.clock()
    parking.put_aside(writer, [parking.postponed(failed, Retry(RUNG, 1))])
    writer.ack([failed])

    returned = writer.receive(1, RUNG.seconds / 4)
    if not returned:
        subject.let_pass(RUNG.seconds)
        returned = writer.receive(1, SOON)
    assert subject.clock() - postponed_at >= RUNG.seconds
    [back] = returned
    assert (back.queue, back.exchange, back.routing_key) == (WRITER, "", WRITER)
    assert (back.body, back.message_id, back.redelivered) == (b"[1]", "m-1", False)
    assert retry.attempts(back) == 1
    assert back.headers[parking.SOURCE_KEY] == KEY
    assert back.headers["x-lane"] == "live"
    assert copy.receive(1, MOMENT) == []


def test_attempts_and_origin_survive_every_turn_on_the_ladder(subject: BusUnderTest) -> None:
    publish(subject)
    writer = subject.bus.subscribe([WRITER], prefetch=5)
    for turn in (1, 2, 3):
        [failed] = writer.receive(1, SOON)
        assert retry.attempts(failed) == turn - 1
        parking.put_aside(writer, [parking.postponed(failed, Retry(RUNG, turn))])
        writer.ack([failed])
        subject.let_pass(RUNG.seconds)
    [last] = writer.receive(1, SOON)
    assert retry.attempts(last) == 3
    assert last.headers[parking.SOURCE_EXCHANGE] == "canonical"


def test_waiting_messages_are_counted_where_they_wait(subject: BusUnderTest) -> None:
    waiting = Message(f"retry.{LONG_RUNG.name}", WRITER, b"[1]", "m-1", "application/json")
    subject.bus.publisher().publish([waiting])
    assert subject.bus.depths([f"retry.{LONG_RUNG.name}", WRITER]) == {
        f"retry.{LONG_RUNG.name}": 1,
        WRITER: 0,
    }


def test_a_parked_message_waits_in_the_dead_queue_with_its_cause(subject: BusUnderTest) -> None:
    publish(subject)
    writer = subject.bus.subscribe([WRITER], prefetch=5)
    [failed] = writer.receive(1, SOON)

    verdict = Park("two-fins", "needs a decision")
    parking.put_aside(writer, [parking.parked(failed, verdict, NOW, attempts=4, body=b"[2]")])
    writer.ack([failed])

    [dead] = subject.bus.subscribe([f"dead.{WRITER}"], prefetch=5).receive(5, SOON)
    assert (dead.body, dead.message_id) == (b"[2]", "m-1")
    assert dead.headers[CAUSE] == "two-fins"
    assert dead.headers[ORIGIN] == WRITER
    assert dead.headers[ATTEMPTS] == 4
    assert dead.headers[parking.PARKED_AT] == NOW.isoformat()


def test_a_missing_dead_queue_stops_the_hop_and_the_original_stays(subject: BusUnderTest) -> None:
    subject.bus.publisher().publish([Message("", FRAGILE, b"x", "m-1", "text/xml")])
    subject.delete_queue(f"dead.{FRAGILE}")
    hop = subject.bus.subscribe([FRAGILE], prefetch=5)
    [failed] = hop.receive(1, SOON)

    with pytest.raises(Stop):
        parking.put_aside(hop, [parking.parked(failed, Park("x", "y"), NOW)])
    hop.close()

    [kept] = subject.bus.subscribe([FRAGILE], prefetch=5).receive(1, SOON)
    assert kept.redelivered


def test_what_takes_its_consumer_down_too_often_falls_into_the_dead_queue(
    subject: BusUnderTest,
) -> None:
    subject.bus.publisher().publish([Message("", FRAGILE, b"x", "m-1", "text/xml")])
    for _ in range(3):
        hop = subject.bus.subscribe([FRAGILE], prefetch=5)
        assert hop.receive(1, SOON)
        hop.close()

    [dead] = subject.bus.subscribe([f"dead.{FRAGILE}"], prefetch=5).receive(1, SOON)
    assert (dead.body, dead.message_id) == (b"x", "m-1")
    assert subject.bus.depths([FRAGILE]) == {FRAGILE: 0}
