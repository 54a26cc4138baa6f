"""What rests is counted once, and whatever changes it is seen at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.evidence import journal, pages, record_log
from hub.evidence.record_log import Settlement, State
from hub.store.database import Database, Transaction
from tests.integration.evidence.test_journal import sealed
from tests.integration.evidence.test_ledger import LATER, NOW, drawn_up, entry, settle

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("pages_are_small")]


def receive(tx: Transaction, *numbers: int) -> list[str]:
    """Admit messages, each of two records; return the ids of these."""
    admissions = journal.admit(tx, [sealed(f"m{number}") for number in numbers], NOW)
    entries = [entry(each.journal_id, ordinal) for each in admissions for ordinal in (0, 1)]
    record_log.admit(tx, entries, NOW)
    return [each.record_id for each in entries]


def received(database: Database, *numbers: int) -> list[str]:
    with database.transaction() as tx:
        return receive(tx, *numbers)


def written(database: Database, *numbers: int) -> list[str]:
    records = received(database, *numbers)
    settle(database, *(Settlement(each, State.WRITTEN) for each in records))
    return records


def closed(database: Database) -> list[int]:
    with database.transaction() as tx:
        rows = tx.rows("SELECT page FROM evidence.closed_page ORDER BY page")
    return [row["page"] for row in rows]


def exact(database: Database) -> bool:
    """Whether the account is the same however it is drawn up."""
    with database.transaction() as tx:
        anew = pages.counted_anew(tx)
    with database.transaction() as tx:
        return pages.carried_forward(tx) == anew


def test_pages_that_rest_are_closed_and_the_last_one_is_not(database: Database) -> None:
    written(database, *range(1, 6))
    assert pages.close(database) == 2
    assert closed(database) == [0, 1], "messages 1, and 2 and 3; 4 and 5 are the last page"
    with database.transaction() as tx:
        rows = tx.rows("SELECT records, first, last FROM evidence.page ORDER BY page")
    assert [tuple(row.values()) for row in rows] == [(2, NOW, NOW), (4, NOW, NOW)]
    assert exact(database)
    assert pages.close(database) == 0


def test_a_closed_page_is_not_counted_again(database: Database) -> None:
    written(database, *range(1, 6))
    pages.close(database)
    with database.transaction() as tx:
        tx.execute("""UPDATE evidence.page SET sums = '[["justice", "written", 100]]'
            WHERE page = 0""")
    assert drawn_up(database).lines[-1].settled[State.WRITTEN] == 108
    with database.transaction() as tx:
        assert pages.counted_anew(tx)["justice"][State.WRITTEN] == 10


def test_what_is_on_its_way_or_missing_keeps_its_page_open(database: Database) -> None:
    first, *_ = written(database, 1, 2, 3)
    (moving, still) = received(database, 4)
    settle(database, Settlement(still, State.RETRYING, "why", due=LATER))
    written(database, 5, 6, 7, 8)
    with database.transaction() as tx:
        tx.execute("DELETE FROM evidence.record_log WHERE record_id = %s", [first])
    pages.close(database)
    assert closed(database) == [1, 3], "not 0, where one is missing, nor 2, nor the last"
    settle(database, *(Settlement(each, State.REFUSED) for each in (moving, still)))
    pages.close(database)
    assert closed(database) == [1, 2, 3]
    assert exact(database)


def resume(tx: Transaction, records: list[str]) -> None:
    record_log.resumed(tx, records[:1], LATER)


def write_parked(tx: Transaction, records: list[str]) -> None:
    record_log.settle(tx, [Settlement(records[0], State.WRITTEN)], LATER)


def send_again(tx: Transaction, _: list[str]) -> None:
    journal.admit(tx, [sealed("m2"), sealed("m2")], LATER)


def expect_more(tx: Transaction, _: list[str]) -> None:
    journal.expect(tx, 2, 1)


def log_one_more(tx: Transaction, _: list[str]) -> None:
    record_log.admit(tx, [entry(2, 9)], LATER)


def lose_one(tx: Transaction, records: list[str]) -> None:
    tx.execute("DELETE FROM evidence.record_log WHERE record_id = %s", [records[1]])


def arrive_late(tx: Transaction, _: list[str]) -> None:
    """A message whose number was drawn long before it was committed."""
    tx.execute("""
        INSERT INTO evidence.journal (ministry, message_key, journal_id, message_id, body_sha256,
            lane, content_type, channel, headers, size, received_at, records)
        OVERRIDING SYSTEM VALUE
        SELECT ministry, 'late', 0, 'late', body_sha256, lane, content_type, channel, headers,
            size, received_at, records FROM evidence.journal LIMIT 1""")


CHANGES: list[Callable[[Transaction, list[str]], None]] = [
    resume, write_parked, send_again, expect_more, log_one_more, lose_one, arrive_late,
]  # fmt: skip


def resting(database: Database) -> list[str]:
    """Three messages in two closed pages, the first record of the second parked, and two more."""
    written(database, 1)
    records = received(database, 2, 3)
    outcomes = [Settlement(each, State.WRITTEN) for each in records[1:]]
    settle(database, Settlement(records[0], State.PARKED, "why"), *outcomes)
    written(database, 4, 5)
    pages.close(database)
    assert closed(database) == [0, 1]
    return records


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_closed_page_opens_it(
    database: Database, change: Callable[[Transaction, list[str]], None]
) -> None:
    records = resting(database)
    with database.transaction() as tx:
        change(tx, records)
    assert len(closed(database)) == 1
    assert exact(database)


def test_a_page_is_closed_again_once_it_rests(database: Database) -> None:
    records = resting(database)
    with database.transaction() as tx:
        write_parked(tx, records)
        send_again(tx, records)
    assert pages.close(database) == 1
    assert closed(database) == [0, 1]
    assert exact(database)


def test_what_pages_say_otherwise_is_named(database: Database) -> None:
    written(database, *range(1, 6))
    pages.close(database)
    with database.transaction() as tx:
        assert pages.differences(tx) == []
    with database.transaction() as tx:
        tx.execute("""UPDATE evidence.page SET sums = '[["health", "written", 1]]'
            WHERE page = 0""")
    with database.transaction() as tx:
        assert pages.differences(tx) == [
            "health written: 0 counted, 1 carried forward",
            "justice expected: 10 counted, 8 carried forward",
            "justice messages: 5 counted, 4 carried forward",
            "justice written: 10 counted, 8 carried forward",
        ]


MOVES = st.sampled_from(["receive", "settle", "park", "resume", "again", "expect", "close"])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=st.lists(st.tuples(MOVES, st.integers(0, 10**6)), min_size=10, max_size=40))
def test_the_account_is_exact_after_anything_in_any_order(
    database: Database, moves: list[tuple[str, int]]
) -> None:
    for move, number in moves:
        with database.transaction() as tx:
            rows = tx.rows("SELECT record_id, journal_id FROM evidence.record_log ORDER BY 2, 1")
        known = [row["record_id"].hex for row in rows]
        chosen = known[number % len(known) :][:3] if known else []
        with database.transaction() as tx:
            match move:
                case "receive":
                    receive(tx, number)
                case "settle" | "park":
                    state = State.WRITTEN if move == "settle" else State.PARKED
                    record_log.settle(tx, [Settlement(each, state) for each in chosen], NOW)
                case "resume":
                    record_log.resumed(tx, chosen, LATER)
                case "again":
                    journal.admit(tx, [sealed(f"m{number}")], NOW)
                case "expect" if rows:
                    journal.expect(tx, rows[0]["journal_id"], 1)
        if move == "close":
            pages.close(database)
        assert exact(database)
