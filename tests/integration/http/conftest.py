"""A door for each test, open to everybody on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors._kit.discover import discover
from hub.store.database import Database
from tests.support.http_site import HttpSite, http_site
from tests.support.intake_bench import Bench


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    database = Database(database_url)
    made = Bench(database, discover())
    yield made
    made.bus.close()
    database.close()


@pytest.fixture
def site(bench: Bench, database_url: str) -> Iterator[HttpSite]:
    with http_site(bench, database_url) as opened:
        yield opened
