"""The two buses behind one face, so that one suite can hold both to the contract."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from routing import control
from routing.bus import Bus, Subscription
from routing.memory import MemoryBus, MemorySubscription
from routing.message import Delivery
from routing.rabbit import RabbitBus
from routing.topology import Binding, Queue, Rung, Topology, topology, working
from tests.support.proxy import Proxy

RUNG = Rung("blink", 0.4)
LONG_RUNG = Rung("age", 600)
FRAGILE = "fragile"
COPY = "copy"
TOPOLOGY = topology(("alpha", "beta"), rungs=(RUNG, LONG_RUNG)) + Topology(
    queues=(*working(FRAGILE, delivery_limit=2), Queue(COPY)),
    bindings=(Binding("canonical", COPY, "#"),),
)
SOON = 60.0
"""Seconds within which something that is bound to come must have come."""

MOMENT = 0.2
"""Seconds after which something that must not come counts as not coming."""


class BusUnderTest(Protocol):
    """A bus with ``TOPOLOGY`` on it, empty, and what a test may do behind its back."""

    bus: Bus

    def clock(self) -> float:
        """Seconds, as they pass on the bus."""

    def let_pass(self, seconds: float) -> None:
        """Let time pass on the bus, if its clock is ours."""

    def drop_connection(self, subscription: Subscription) -> None:
        """Break the connection under a subscription."""

    def delete_queue(self, name: str) -> None:
        """Delete a queue behind everybody's back."""


class MemoryUnderTest:
    """The in-memory bus on a clock that stands still unless told otherwise."""

    def __init__(self) -> None:
        self._now = 0.0
        self._memory = MemoryBus(TOPOLOGY, clock=lambda: self._now)
        self.bus: Bus = self._memory

    def clock(self) -> float:
        return self._now

    def let_pass(self, seconds: float) -> None:
        self._now += seconds

    def drop_connection(self, subscription: Subscription) -> None:
        assert isinstance(subscription, MemorySubscription)
        subscription.drop_connection()

    def delete_queue(self, name: str) -> None:
        self._memory.broker.delete_queue(name)


class RabbitUnderTest:
    """RabbitMQ behind a proxy, which can cut connections; its clock is the wall clock."""

    def __init__(self, url: str, proxy: Proxy) -> None:
        self._url = url
        self._proxy = proxy
        self.bus: Bus = RabbitBus(through(proxy, url), name="contract suite")

    def clock(self) -> float:
        return time.monotonic()

    def let_pass(self, seconds: float) -> None:
        """Nothing to do: whoever waits for a message waits in ``receive``."""

    def drop_connection(self, subscription: Subscription) -> None:
        self._proxy.cut()

    def delete_queue(self, name: str) -> None:
        control.delete(self._url, Topology(queues=(Queue(name),)))


@contextmanager
def memory_under_test() -> Iterator[BusUnderTest]:
    """Yield the in-memory bus."""
    subject = MemoryUnderTest()
    yield subject
    subject.bus.close()


@contextmanager
def rabbit_under_test(url: str) -> Iterator[BusUnderTest]:
    """Yield RabbitMQ, emptied."""
    control.declare(url, TOPOLOGY)
    control.purge(url, [queue.name for queue in TOPOLOGY.queues])
    with proxy_of(url) as proxy:
        subject = RabbitUnderTest(url, proxy)
        yield subject
        subject.bus.close()


def proxy_of(url: str) -> Proxy:
    """Make a proxy in front of the broker at ``url``."""
    parts = urlsplit(url)
    return Proxy((parts.hostname or "127.0.0.1", parts.port or 5672))


def through(proxy: Proxy, url: str, query: str = "") -> str:
    """Rewrite a broker URL to lead through the proxy."""
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0] or "guest:guest"
    netloc = f"{credentials}@127.0.0.1:{proxy.port}"
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def receive_all(subscription: Subscription, count: int, timeout: float = SOON) -> list[Delivery]:
    """Receive until ``count`` deliveries are there, or one wait for more was in vain."""
    deliveries: list[Delivery] = []
    while len(deliveries) < count:
        batch = subscription.receive(count - len(deliveries), timeout)
        if not batch:
            break
        deliveries += batch
    return deliveries


def bodies(deliveries: Sequence[Delivery]) -> list[bytes]:
    """Take the bodies out of deliveries."""
    return [delivery.body for delivery in deliveries]
