"""A connection to the test's own database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.store.database import Database


@pytest.fixture
def database(connect: Callable[[], Database]) -> Database:
    return connect()
