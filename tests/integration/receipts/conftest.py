"""An intake bench for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors._kit.discover import discover
from hub.store.database import Database
from tests.support.intake_bench import Bench


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    database = Database(database_url)
    made = Bench(database, discover())
    yield made
    made.bus.close()
    database.close()
