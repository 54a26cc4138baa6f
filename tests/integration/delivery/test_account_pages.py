"""A body's account is exact whatever of it was closed, and closed where it rests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.delivery import account, account_pages, backfill, custody, subscribers
from hub.delivery.account import Line
from hub.evidence import journal, pages, record_log
from hub.evidence.journal import Sealed
from hub.evidence.record_log import Entry, Settlement, State
from hub.registry.authority import assumed
from hub.registry.writer import write
from hub.store.database import Transaction
from routing.memory import MemoryBus
from schemas.errors import Parked
from tests.support.locks import somebody_waits
from tests.support.outbound_bench import BODY, START, OutboundBench, due, person
from tests.support.outbound_work import work
from tests.support.servers import wait_until

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("pages_are_small")]

EARLIER = START - timedelta(days=1)
SETTLE = timedelta(seconds=60)


@pytest.fixture
def bench(bench: OutboundBench) -> OutboundBench:
    bench.grant(recordsPerDay=100)
    return bench


def received(bench: OutboundBench, *numbers: int, earlier: bool = False) -> None:
    """A message for each person, written into the registry."""
    at = EARLIER if earlier else START
    events = [person(number) for number in numbers]
    with bench.database.transaction() as tx:
        kept = [journal.admit(tx, [message(event.id)], at)[0].journal_id for event in events]
        entries = [
            Entry(event.id, number, 0, "interior", "live", "person", State.RECEIVED)
            for event, number in zip(events, kept, strict=True)
        ]
        record_log.admit(tx, entries, at)
        write(tx, events, at, assumed())
        record_log.settle(tx, [Settlement(each.id, State.WRITTEN) for each in events], at)


def message(message_id: str) -> Sealed:
    return Sealed(
        ministry="interior",
        message_id=message_id,
        body=b"{}",
        body_sha256="0" * 64,
        lane="live",
        content_type="application/json",
        sender=None,
        channel="direct",
        headers={},
        published_at=None,
        records=1,
    )


def delivered(bench: OutboundBench, *numbers: int) -> None:
    bench.dispatcher().dispatch(due(*(person(number) for number in numbers)))


def close(bench: OutboundBench) -> int:
    pages.close(bench.database)
    before = bench.clock.now - SETTLE
    return account_pages.close(bench.database, bench.subscriber, before)


def closed(bench: OutboundBench) -> list[int]:
    with bench.database.transaction() as tx:
        rows = tx.rows("SELECT page FROM outbound.closed_page ORDER BY page")
    return [row["page"] for row in rows]


def drawn_up(bench: OutboundBench, *, anew: bool) -> Line:
    with bench.database.transaction() as tx:
        (line,) = account.draw_up(
            tx, [bench.subscriber], {}, settle=SETTLE, now=bench.clock.now, anew=anew
        )
    return line


def exact(bench: OutboundBench) -> bool:
    """Whether the account is the same however it is drawn up."""
    with bench.database.transaction() as tx:
        found = account.differences(tx, [bench.subscriber], bench.clock.now - SETTLE)
    return not found and drawn_up(bench, anew=False) == drawn_up(bench, anew=True)


def resting(bench: OutboundBench) -> None:
    """Six persons, all but the last delivered; the second parked at the endpoint."""
    received(bench, 1, 2, 3, 4, 5, 6)
    bench.endpoint.failures = [None, Parked("gone", "410")]
    delivered(bench, 1)
    delivered(bench, 2)
    delivered(bench, 3, 4, 5)
    assert close(bench) == 3
    assert closed(bench) == [0, 1, 2], "1, and 2 and 3, and 4 and 5; the last page is being written"
    assert exact(bench)


def test_what_was_handed_over_is_closed_and_not_counted_again(bench: OutboundBench) -> None:
    resting(bench)
    assert close(bench) == 0
    with bench.database.transaction() as tx:
        tx.execute("""UPDATE outbound.page SET places = '{"delivered": 100}' WHERE page = 2""")
    assert drawn_up(bench, anew=False).delivered == 102
    assert drawn_up(bench, anew=True).delivered == 4
    with bench.database.transaction() as tx:
        assert account.differences(tx, [bench.subscriber], START) == [
            "pension-fund delivered: 4 counted, 102 carried forward"
        ]


def test_what_is_still_due_keeps_its_page_open(bench: OutboundBench) -> None:
    received(bench, 1, 2, 3, 4, 5, 6)
    delivered(bench, 1, 2, 4)
    close(bench)
    assert closed(bench) == [0], "3 and 5 are missing"
    bench.clock.advance(3600)
    line = drawn_up(bench, anew=False)
    assert (line.due, line.delivered, line.unaccounted) == (6, 3, 3)
    assert exact(bench)


def again(tx: Transaction, bench: OutboundBench) -> None:
    custody.again(tx, BODY, None, bench.clock.now)


def take_back(tx: Transaction, _: OutboundBench) -> None:
    tx.execute("UPDATE outbound.custody SET state = 'recalled' WHERE state = 'sent'")


def send_the_message_again(tx: Transaction, _: OutboundBench) -> None:
    journal.admit(tx, [message(person(2).id)], START)


@pytest.mark.parametrize(
    ("change", "left"),
    [(again, [0, 2]), (take_back, []), (send_the_message_again, [0, 2])],
)
def test_whatever_changes_a_closed_page_opens_it(
    bench: OutboundBench,
    change: Callable[[Transaction, OutboundBench], None],
    left: list[int],
) -> None:
    resting(bench)
    with bench.database.transaction() as tx:
        change(tx, bench)
    assert closed(bench) == left
    assert exact(bench)


def test_a_record_that_reaches_the_registry_late_opens_its_page(bench: OutboundBench) -> None:
    received(bench, 1, 2)
    with bench.database.transaction() as tx:
        tx.execute("UPDATE evidence.record_log SET state = 'parked' WHERE journal_id = 2")
    received(bench, 3, 4)
    delivered(bench, 1, 3, 4)
    close(bench)
    assert closed(bench) == [0, 1]
    with bench.database.transaction() as tx:
        record_log.settle(tx, [Settlement(person(2).id, State.WRITTEN)], START)
    bench.clock.advance(3600)
    assert closed(bench) == [0]
    assert drawn_up(bench, anew=False).unaccounted == 1
    assert exact(bench)


def test_another_list_of_records_opens_all_of_its_pages(bench: OutboundBench) -> None:
    resting(bench)
    fewer = replace(bench.subscriber, records=("person",))
    with bench.database.transaction() as tx:
        subscribers.put(tx, bench.tokens["first"], fewer.document(), START)
    assert closed(bench) == []


def test_a_backfill_opens_what_was_closed_without_its_records(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    received(bench, 1, 2, 3, 4, earlier=True)
    assert close(bench) == 2, "nothing is due: it was received before the queue was bound"
    assert drawn_up(bench, anew=False).due == 0
    with bench.database.transaction() as tx:
        token = bench.tokens["first"]
        backfill.request(tx, token, bench.subscriber, ["person"], 1000, "why", bench.clock.now)
    bench.clock.advance(1)
    work(bench, bus)
    assert closed(bench) == []
    assert drawn_up(bench, anew=False).delivered == 4
    assert exact(bench)
    assert close(bench) == 2
    assert exact(bench)


def test_nothing_is_closed_while_somebody_writes_custody(
    bench: OutboundBench,
) -> None:
    received(bench, 1, 2, 3, 4)
    delivered(bench, 1, 2)
    with bench.connect().transaction() as tx:
        custody.put(tx, BODY, [waits(bench, 3)], START)
        assert close(bench) == 0
    close(bench)
    assert closed(bench) == [0]
    assert exact(bench)


def waits(bench: OutboundBench, number: int) -> custody.Entry:
    (record,) = due(person(number))
    place = custody.Place(custody.State.RETRYING, due=bench.clock.now, keep=True)
    return custody.Entry(record, place, 0)


def test_who_writes_custody_of_a_page_that_is_being_closed_waits_and_opens_it(
    bench: OutboundBench,
) -> None:
    received(bench, 1, 2, 3, 4, earlier=True)
    pages.close(bench.database)
    other, watcher = bench.connect(), bench.connect()

    def write_custody() -> None:
        with other.transaction() as tx:
            custody.put(tx, BODY, [waits(bench, 3)], START)

    writing = threading.Thread(target=write_custody)
    with bench.database.transaction() as tx:
        tx.rows("SELECT pg_advisory_xact_lock(hashtext('outbound.page'), hashtext(%s))", [BODY])
        writing.start()
        wait_until(lambda: somebody_waits(watcher), 30, "who has to wait")
        tx.execute(
            """INSERT INTO outbound.page (subscriber, page, closing, complete, places)
            SELECT %s, page, closing, false, '{}' FROM evidence.page""",
            [BODY],
        )
    writing.join(30)
    assert not writing.is_alive()
    assert closed(bench) == [0]
