"""Backfills, rehearsals, and the account of where every record is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hub.delivery import account, backfill
from hub.delivery.account import Line
from hub.delivery.office import Office
from hub.delivery.rehearsal import rehearse
from hub.delivery.subscriber import Channel, Subscriber
from hub.evidence import record_log
from hub.evidence.declined import Declined
from hub.evidence.record_log import Entry, Settlement, State
from hub.registry import current
from hub.registry.authority import assumed
from hub.registry.writer import write
from routing.memory import MemoryBus
from routing.observer import Unobserved
from schemas.envelope import Event, Operation
from schemas.errors import Parked
from tests.support.outbound_bench import (
    BODY,
    START,
    OutboundBench,
    document,
    due,
    outbound_bench,
    person,
)
from tests.support.outbound_work import ids, publish, work
from tests.support.servers import wait_until

pytestmark = pytest.mark.database


def registered(bench: OutboundBench, *events: Event) -> None:
    """Write events into the registry."""
    with bench.database.transaction() as tx:
        write(tx, events, START, assumed())


def ask(bench: OutboundBench, per_second: int = 1000, records: Sequence[str] = ("person",)) -> str:
    with bench.database.transaction() as tx:
        token = bench.tokens["first"]
        return backfill.request(
            tx, token, bench.subscriber, records, per_second, "asked for", bench.clock.now
        )


def test_a_backfill_tells_what_the_registry_holds_now_and_skips_what_was_delivered(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    registered(
        bench,
        *(person(number) for number in range(5)),
        person(0, sequence=2),
        person(1, sequence=2, operation=Operation.ANNUL),
    )
    bench.grant()
    bench.dispatcher().dispatch(due(person(2)))
    ask(bench, records=("person", "identity_document"))
    for _ in range(3):
        bench.clock.advance(1)
        work(bench, bus, steps=1)
    told = {(e["subject"][-4:], e["version"], e["operation"]) for e in bench.endpoint.events}
    assert told == {
        ("0000", "2", "change"),
        ("0001", "2", "annul"),
        ("0002", "1", "change"),
        ("0003", "1", "change"),
        ("0004", "1", "change"),
    }
    assert len(ids(bench)) == 5
    with bench.database.transaction() as tx:
        (row,) = backfill.listed(tx, BODY)
    assert row["fed"] == 5
    assert row["finished_at"] is not None


def test_a_backfill_keeps_its_rate_and_goes_on_where_it_was(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    registered(bench, *(person(number) for number in range(6)))
    bench.grant()
    ask(bench, per_second=2)
    work(bench, bus)
    assert ids(bench) == []
    for expected in (2, 4, 6):
        bench.clock.advance(1)
        work(bench, bus)
        assert len(ids(bench)) == expected


def test_a_backfill_is_gated_record_by_record(bench: OutboundBench, bus: MemoryBus) -> None:
    registered(bench, person(1))
    ask(bench)
    bench.clock.advance(1)
    work(bench, bus)
    assert ids(bench) == []
    assert bench.log() == [("withheld", "no-grant")]


def test_a_backfill_that_makes_no_sense_is_declined(bench: OutboundBench) -> None:
    with pytest.raises(Declined, match="backfill-records"):
        ask(bench, records=("payroll_report",))
    ask(bench)
    with pytest.raises(Declined, match="backfill-open"):
        ask(bench)


def test_the_registry_is_never_told_to_a_test_subscriber(database_url: str) -> None:
    with (
        outbound_bench(database_url, test_mode=True) as bench,
        pytest.raises(Declined, match="backfill-test"),
    ):
        ask(bench)


def test_a_rehearsal_shows_what_would_leave_and_sends_and_logs_nothing(
    bench: OutboundBench,
) -> None:
    registered(bench, *(person(number) for number in range(3)))
    with bench.database.transaction() as tx:
        found = rehearse(
            tx,
            document(recordsPerDay=2),
            bench.subscriber,
            current.page,
            START - timedelta(days=30),
            START,
        )
        late = rehearse(
            tx, document(), bench.subscriber, current.page, START + timedelta(days=1), START
        )
    assert found.outcomes == {
        ("person", "would leave under pensions-persons"): 2,
        ("person", "would be held: volume-reached"): 1,
    }
    assert found.fields["person", "givenName"] == 2
    assert ("person", "sex") not in found.fields
    assert late.outcomes == {}
    assert bench.log() == []


def settled(bench: OutboundBench, *events: Event) -> None:
    """Let the record log say that the registry has written these."""
    with bench.database.transaction() as tx:
        entries = [
            Entry(event.id, number, 0, "interior", "live", "person", State.RECEIVED)
            for number, event in enumerate(events)
        ]
        record_log.admit(tx, entries, START)
        record_log.settle(tx, [Settlement(each.id, State.WRITTEN) for each in events], START)


def line(bench: OutboundBench, bus: MemoryBus) -> Line:
    depths = account.depths(bus, [bench.subscriber])
    with bench.database.transaction() as tx:
        (found,) = account.draw_up(
            tx, [bench.subscriber], depths, settle=timedelta(seconds=60), now=bench.clock.now
        )
    return found


def test_the_account_says_where_every_record_is(bench: OutboundBench, bus: MemoryBus) -> None:
    grant = bench.grant(recordsPerDay=2)
    events = [person(number) for number in range(6)]
    settled(bench, *events)
    bench.endpoint.failures = [Parked("gone", "410")]
    bench.dispatcher().dispatch(due(events[0]))
    bench.dispatcher().dispatch(due(*events[1:4]))
    bench.suspend(grant)
    bench.dispatcher().dispatch(due(events[4]))
    publish(bus, events[5])
    bench.clock.advance(3600)
    found = line(bench, bus)
    assert found.balanced
    assert found.as_dict() == {
        "subscriber": BODY,
        "due": 6,
        "delivered": 1,
        "withheld": 1,
        "held": 2,
        "parked": 1,
        "inFlight": 1,
        "unaccounted": 0,
        "recalled": 0,
    }


def test_a_message_taken_away_before_the_gate_is_unaccounted_for_and_a_backfill_mends_it(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    registered(bench, person(1))
    settled(bench, person(1))
    assert line(bench, bus).in_flight == 1
    bench.clock.advance(3600)
    found = line(bench, bus)
    assert (found.due, found.in_flight, found.unaccounted) == (1, 0, 1)
    assert not found.balanced
    ask(bench)
    bench.clock.advance(1)
    work(bench, bus)
    assert line(bench, bus).delivered == 1


def test_one_subscribers_trouble_is_not_the_next_ones() -> None:
    begun: list[str] = []
    good = threading.Event()

    class Worker:
        def __init__(self, name: str) -> None:
            self._name = name

        def run(self, stop: threading.Event) -> None:
            begun.append(self._name)
            if self._name == "broken":
                raise RuntimeError
            good.set()
            stop.wait()

    known = [
        Subscriber(name, name, Channel.AMQP, records=("person",), since=START)
        for name in ("broken", "sound")
    ]
    office = Office(lambda: known, lambda each: Worker(each.name), Unobserved(), interval=0)
    office.look()
    assert good.wait(30)
    tries = []
    for _ in range(7):
        wait_until(lambda: "broken" not in office.at_work, 30, "the broken one's end")
        office.look()
        wait_until(lambda: "broken" not in office.at_work, 30, "the broken one's end")
        tries.append(begun.count("broken"))
    assert tries == [2, 2, 3, 3, 3, 3, 4]
    assert begun.count("sound") == 1
    known[:] = []
    office.look()
    assert office.at_work == frozenset()
    stop = threading.Event()
    stop.set()
    office.run(stop)
