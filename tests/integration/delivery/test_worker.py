"""A subscriber's worker: what waits comes in its time, and what fails harms itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from hub.delivery import custody
from hub.delivery.custody import Due
from hub.delivery.sender import Postponed
from routing import keys
from routing.memory import MemoryBus
from routing.message import CAUSE
from schemas.errors import Parked, Unavailable
from tests.support.outbound_bench import (
    BODY,
    START,
    OutboundBench,
    due,
    person,
)
from tests.support.outbound_work import QUEUES, handler, ids, publish, work

pytestmark = pytest.mark.database


def test_what_intake_publishes_reaches_the_subscriber_once(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    publish(bus, person(1), person(2))
    publish(bus, person(1))
    work(bench, bus)
    assert sorted(ids(bench)) == sorted([person(1).id, person(2).id])
    assert bus.depths(QUEUES) == dict.fromkeys(QUEUES, 0)


def test_what_was_held_leaves_when_the_next_day_has_begun(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant(recordsPerDay=1)
    publish(bus, person(1), person(2), person(3))
    work(bench, bus)
    assert len(ids(bench)) == 1
    for expected in (2, 3, 3):
        bench.clock.advance(24 * 3600)
        work(bench, bus)
        assert len(ids(bench)) == expected
    assert bench.rows("SELECT FROM outbound.custody WHERE event IS NOT NULL") == []


def test_what_was_held_is_decided_anew_when_its_time_has_come(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    grant = bench.grant(recordsPerDay=1)
    publish(bus, person(1), person(2))
    work(bench, bus)
    bench.revoke(grant)
    bench.clock.advance(24 * 3600)
    work(bench, bus)
    assert len(ids(bench)) == 1
    assert sorted(bench.states().values()) == ["sent", "withheld"]


@dataclass
class Asked:
    """A feed that is asked, and has as many batches as it is told."""

    batches: list[list[Due]]
    times: list[datetime] = field(default_factory=list)

    def __call__(self, now: datetime, dispatch: Callable[[Sequence[Due]], None]) -> None:
        self.times.append(now)
        if self.batches:
            dispatch(self.batches.pop(0))


def test_between_batches_what_waits_is_looked_at_once_a_second_or_while_there_is_any(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    feed = Asked([due(person(7)), due(person(8))])
    subscription = bus.subscribe(QUEUES, prefetch=10)
    made = replace(handler(bench, bus), feeds=(feed,))

    def batch() -> None:
        publish(bus, person(1))
        made.handle(subscription.receive(1, 0), bench.clock())

    for _ in range(4):
        batch()
    assert len(feed.times) == 3, "twice there was something, once there was nothing"
    assert sorted(ids(bench)) == sorted(person(number).id for number in (1, 7, 8))
    bench.clock.advance(1)
    batch()
    batch()
    assert len(feed.times) == 4
    made.idle(bench.clock())
    assert len(feed.times) == 5, "a quiet moment is always used"
    subscription.close()


def test_what_waits_in_custody_comes_between_batches_too(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant(recordsPerDay=1)
    made = handler(bench, bus)
    subscription = bus.subscribe(QUEUES, prefetch=10)
    publish(bus, person(1), person(2))
    made.handle(subscription.receive(1, 0), bench.clock())
    assert len(ids(bench)) == 1
    bench.clock.advance(24 * 3600)
    publish(bus, person(1))
    made.handle(subscription.receive(1, 0), bench.clock())
    assert len(ids(bench)) == 2
    subscription.close()


def test_an_outage_of_the_endpoint_repeats_the_batch_and_counts_no_attempt(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    bench.endpoint.failures = [Unavailable("endpoint: down")] * 5
    publish(bus, person(1))
    work(bench, bus)
    (row,) = bench.rows("SELECT attempts, state FROM outbound.custody")
    assert (row["attempts"], row["state"]) == (0, "sent")
    assert len(ids(bench)) == 1


def test_a_postponed_parcel_is_tried_again_after_the_time_it_asked_for(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    bench.endpoint.failures = [Postponed("busy", 90)]
    publish(bus, person(1))
    work(bench, bus)
    bench.clock.advance(89)
    work(bench, bus)
    assert ids(bench) == []
    bench.clock.advance(1)
    work(bench, bus)
    assert ids(bench) == [person(1).id]


def test_a_batch_that_cannot_be_read_is_parked_with_its_cause(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    publish(bus, body=b"[")
    publish(bus, person(1))
    work(bench, bus)
    dead = bus.subscribe([keys.dead_queue(QUEUES[0])], prefetch=1).receive(1, 0)
    assert [each.headers[CAUSE] for each in dead] == ["canonical-batch"]
    assert list(bench.states().values()) == ["withheld"]


def test_a_record_that_nobody_knows_is_parked_and_its_neighbours_leave(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    stranger = person(2).model_copy(update={"type": "az.itsda.qovsaq.stranger.v1"})
    publish(bus, person(1), stranger, person(3))
    work(bench, bus)
    assert sorted(ids(bench)) == sorted([person(1).id, person(3).id])
    assert bench.states()[stranger.id] == "parked"


def test_parked_records_are_listed_and_tried_again_through_the_gate(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    bench.endpoint.failures = [Parked("gone", "410")]
    publish(bus, person(1))
    work(bench, bus)
    with bench.database.transaction() as tx:
        assert [row["reason"] for row in custody.parked(tx, BODY, 10)] == ["gone"]
        assert custody.again(tx, BODY, "other", bench.clock.now) == 0
        assert custody.again(tx, BODY, None, bench.clock.now) == 1
    work(bench, bus)
    assert ids(bench) == [person(1).id]


def test_what_kills_the_process_is_parked_in_custody(bench: OutboundBench, bus: MemoryBus) -> None:
    bench.grant()
    publish(bus, person(1))
    worker = handler(bench, bus)
    (delivery,) = bus.subscribe(QUEUES, prefetch=1).receive(1, 0)
    assert worker.suspects.claim([delivery], START) == [1]
    assert worker.suspects.claim([delivery], START) == [2]
    worker.convict(delivery, START)
    worker.suspects.absolve([delivery])
    assert bench.states() == {person(1).id: "parked"}
    assert worker.suspects.claim([delivery], START) == [1]
