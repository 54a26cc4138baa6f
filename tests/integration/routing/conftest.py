"""A broker with the contract suite's topology on it, reached through a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from routing import control
from routing.rabbit import RabbitBus
from tests.support.buses import TOPOLOGY, proxy_of
from tests.support.proxy import Proxy


@pytest.fixture
def laid_out(broker_url: str) -> str:
    """URL of a broker with ``TOPOLOGY``, empty."""
    control.declare(broker_url, TOPOLOGY)
    control.purge(broker_url, [queue.name for queue in TOPOLOGY.queues])
    return broker_url


@pytest.fixture
def proxy(laid_out: str) -> Iterator[Proxy]:
    """A proxy in front of that broker."""
    with proxy_of(laid_out) as proxy:
        yield proxy


@pytest.fixture
def open_bus() -> Iterator[Callable[..., RabbitBus]]:
    """Opens buses that are closed when the test ends, however it ends."""
    with ExitStack() as buses:
        yield lambda *args, **named: buses.enter_context(closing(RabbitBus(*args, **named)))
