"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors._kit.discover import discover
from hub.store.database import Database
from tests.support.desk_bench import DeskBench


@pytest.fixture
def bench(database_url: str) -> Iterator[DeskBench]:
    database = Database(database_url)
    made = DeskBench(database, discover(), url=database_url)
    yield made
    made.close()
    database.close()
