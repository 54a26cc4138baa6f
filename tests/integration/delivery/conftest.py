"""A subscriber on the in-memory bus; a module that needs another one makes its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routing.memory import MemoryBus
from routing.topology import topology
from tests.support.outbound_bench import OutboundBench, outbound_bench


@pytest.fixture
def bus() -> MemoryBus:
    """A bus that has what the subscriber needs, once there is one."""
    return MemoryBus(topology(()), linger=0)


@pytest.fixture
def bench(database_url: str, bus: MemoryBus) -> Iterator[OutboundBench]:
    """One subscriber with its queues."""
    with outbound_bench(database_url, bus) as made:
        bus.broker.declare(made.topology)
        yield made
