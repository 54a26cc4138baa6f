"""Every test here runs on both buses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.buses import BusUnderTest, memory_under_test, rabbit_under_test


@pytest.fixture(params=["memory", pytest.param("rabbit", marks=pytest.mark.broker)])
def subject(request: pytest.FixtureRequest) -> Iterator[BusUnderTest]:
    if request.param == "memory":
        with memory_under_test() as memory:
            yield memory
    else:
        with rabbit_under_test(request.getfixturevalue("broker_url")) as rabbit:
            yield rabbit
