"""A migrated database of each test's own, opened as often as the test needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hub.store.database import Database


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[[], Database]]:
    """Open another connection to the test's database; all are closed afterwards."""
    opened: list[Database] = []

    def connect() -> Database:
        opened.append(Database(database_url))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


@pytest.fixture
def database(connect: Callable[[], Database]) -> Database:
    """A connection to the test's database."""
    return connect()


@pytest.fixture
def pages_are_small(connect: Callable[[], Database]) -> None:
    """Let a page of the ledger be two messages, those with the numbers 2n and 2n + 1."""
    with connect().transaction() as tx:
        tx.execute(
            "CREATE OR REPLACE FUNCTION evidence.page_size() RETURNS bigint"
            " LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 2"
        )
