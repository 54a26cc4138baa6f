"""A database of each test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()
