"""A body, its grants and a filled registry for each test, and the service before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lookup_site import LookupSite, fill, lookup_site
from tests.support.outbound_bench import OutboundBench, outbound_bench


@pytest.fixture
def bench(database_url: str) -> Iterator[OutboundBench]:
    with outbound_bench(database_url) as made:
        fill(made.database)
        yield made


@pytest.fixture
def site(bench: OutboundBench, tmp_path: Path) -> Iterator[LookupSite]:
    with lookup_site(bench, tmp_path) as opened:
        yield opened
