"""Pages are exact where they are closed, written to and opened at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from hub.evidence import pages
from hub.store.database import Database, Transaction
from tests.integration.evidence.test_pages import (
    CHANGES,
    arrive_late,
    closed,
    exact,
    receive,
    resting,
    resume,
    written,
)
from tests.support.locks import somebody_waits
from tests.support.servers import wait_until

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("pages_are_small")]


@pytest.fixture
def other(connect: Callable[[], Database]) -> Database:
    return connect()


@pytest.fixture
def watcher(connect: Callable[[], Database]) -> Database:
    return connect()


def test_a_page_that_is_being_written_to_is_left_for_the_next_time(
    database: Database, other: Database
) -> None:
    written(database, 1)
    with other.transaction() as tx:
        receive(tx, 2)
        written(database, 3, 4, 5, 6)
        assert pages.close(database) == 2
        assert closed(database) == [0, 2], "2 is not committed, so 3 may not be closed alone"
    assert exact(database)


@pytest.mark.parametrize("change", CHANGES[:4])
def test_nothing_is_closed_while_somebody_changes_what_rests(
    database: Database, other: Database, change: Callable[[Transaction, list[str]], None]
) -> None:
    records = resting(database)
    written(database, 6, 7)
    with other.transaction() as tx:
        change(tx, records)
        assert pages.close(database) == 0
    assert pages.close(database) >= 1
    assert exact(database)


@pytest.mark.parametrize("change", [resume, arrive_late])
def test_who_changes_a_page_that_is_being_closed_waits_and_opens_it(
    database: Database,
    other: Database,
    watcher: Database,
    change: Callable[[Transaction, list[str]], None],
) -> None:
    records = resting(database)
    with database.transaction() as tx:
        tx.execute("DELETE FROM evidence.page")

    def work() -> None:
        with other.transaction() as tx:
            change(tx, records)

    changing = threading.Thread(target=work)
    with database.transaction() as tx:
        tx.rows("""SELECT pg_advisory_xact_lock(hashtext('evidence.page'), n)
            FROM generate_series(-1, 1) AS n""")
        changing.start()
        wait_until(lambda: somebody_waits(watcher), 30, "who has to wait")
        tx.execute(
            "INSERT INTO evidence.page (page, records, sums) VALUES (0, 0, '[]'), (1, 0, '[]')"
        )
    changing.join(30)
    assert not changing.is_alive()
    assert len(closed(database)) == 1


def test_two_who_close_the_same_pages_agree(
    database: Database, other: Database, watcher: Database
) -> None:
    written(database, *range(1, 6))
    closing = threading.Thread(target=lambda: pages.close(other))
    with database.transaction() as tx:
        tx.rows("SELECT pg_advisory_xact_lock(hashtext('evidence.page'), -1)")
        closing.start()
        wait_until(lambda: somebody_waits(watcher), 30, "who closes them too")
        tx.execute(
            "INSERT INTO evidence.page (page, records, sums)"
            " SELECT page, 0, '[]' FROM generate_series(0, 1) AS page"
        )
    closing.join(30)
    assert not closing.is_alive()
    with database.transaction() as tx:
        assert [row["records"] for row in tx.rows("SELECT records FROM evidence.page")] == [0, 0]
