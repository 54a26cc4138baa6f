"""One connection, and what its owner is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.database import Database
from schemas.errors import RetryLater, Stop, Unavailable

pytestmark = pytest.mark.database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def test_a_single_statement_is_committed_as_soon_as_it_was_run(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    with database.single() as tx:
        tx.rows("SELECT set_config('qovsaq.seen', 'yes', false)")
        with other.single() as looking:
            (row,) = looking.rows(
                "SELECT count(*) AS open FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            )
    other.close()
    assert row["open"] == 0
    with database.transaction() as tx:
        assert tx.rows("SELECT current_setting('qovsaq.seen') AS seen") == [{"seen": "yes"}]


def test_two_statements_need_a_transaction(database: Database) -> None:
    with database.single() as tx:
        assert tx.rows("SELECT 1 AS one") == [{"one": 1}]
        with pytest.raises(AssertionError, match="needs a transaction"):
            tx.execute("SELECT 1")


def test_a_single_statement_fails_as_a_transaction_does(database: Database) -> None:
    with pytest.raises(Stop), database.single() as tx:
        tx.rows("SELECT * FROM nowhere.to_be_found")
    with database.single() as tx:
        tx.execute("SET statement_timeout = 1")
    with pytest.raises(RetryLater), database.single() as tx:
        tx.rows("SELECT pg_sleep(60)")
    with pytest.raises(Unavailable), database.single() as tx:
        tx.rows("SELECT pg_terminate_backend(pg_backend_pid())")
    with database.single() as tx:
        assert tx.rows("SELECT 1 AS one") == [{"one": 1}]
