"""A bus inside one process, for the demo and for tests: the same contract, held in memory.

A confirm here means "held in this process": everything is lost with it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from routing import keys
from routing.bus import Unroutable
from routing.inbox import BATCH_BYTES, LINGER, gather
from routing.memory_broker import MemoryBroker, Stored
from routing.message import Delivery, Message, Tag
from routing.topology import Topology
from routing.windows import windows
from schemas.errors import Unavailable

_SHORTEST_WAIT = 0.001


class MemoryBus:
    """A broker in this process. ``clock`` gives seconds and drives expiry on the retry ladder."""

    def __init__(
        self,
        topology: Topology,
        *,
        clock: Callable[[], float] = time.monotonic,
        linger: float = LINGER,
    ) -> None:
        self.changed = threading.Condition()
        self.broker = MemoryBroker()
        self.broker.declare(topology)
        self.clock = clock
        self.linger = linger
        self._open: list[MemoryPublisher] = []

    def publisher(self) -> MemoryPublisher:
        """Open a publisher."""
        publisher = MemoryPublisher(self)
        self._open.append(publisher)
        return publisher

    def subscribe(
        self, queues: Sequence[str], *, prefetch: int, yielding: int | None = None
    ) -> MemorySubscription:
        """Open a subscription as ``Bus.subscribe``."""
        subscription = MemorySubscription(self, queues, prefetch, yielding)
        self._open.append(subscription)
        return subscription

    def depths(self, queues: Sequence[str]) -> dict[str, int]:
        """Ready messages per existing queue."""
        with self.changed:
            self.broker.expire(self.clock())
            found = {queue: self.broker.depth(queue) for queue in queues}
        return {queue: depth for queue, depth in found.items() if depth is not None}

    def close(self) -> None:
        """Close every publisher and subscription opened here."""
        while self._open:
            self._open.pop().close()


class MemoryPublisher:
    """Publishes into the process; may be used by many threads."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._closed = False

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish as ``Publisher.publish``; like a broker, go on after an unroutable message."""
        for window in windows(messages):
            with self._bus.changed:
                self._check_open()
                now = self._bus.clock()
                lost = [m for m in window if not self._bus.broker.publish(m, now)]
                self._bus.changed.notify_all()
            if lost:
                raise Unroutable(lost[0].exchange, lost[0].routing_key)

    def close(self) -> None:
        """End; idempotent."""
        with self._bus.changed:
            self._closed = True
            self._bus.changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("broker: the connection was closed here")


class MemorySubscription(MemoryPublisher):
    """Consumes and publishes. ``drop_connection`` lets a test lose the connection."""

    def __init__(
        self, bus: MemoryBus, queues: Sequence[str], prefetch: int, yielding: int | None = None
    ) -> None:
        super().__init__(bus)
        self._queues = queues
        self._prefetch = prefetch
        self._yielding = yielding or prefetch
        self._generation = 1
        self._numbers = count(1)
        self._unacked: defaultdict[str, dict[int, Stored]] = defaultdict(dict)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Gather a batch as ``Subscription.receive``."""
        with self._bus.changed:
            self._check_open()
            gather(self._wait_until, limit, timeout, self._bus.linger)
            self._check_open()
            return list(self._take(limit))

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget deliveries; stale tags are dropped."""
        with self._bus.changed:
            self._settle(deliveries)
            self._bus.changed.notify_all()

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries back to the front of their queues; stale tags are dropped."""
        with self._bus.changed:
            self._give_back(self._settle(deliveries))
            self._bus.changed.notify_all()

    def drop_connection(self) -> None:
        """Behave as if the connection broke and came back: what was in hand is queued again."""
        with self._bus.changed:
            self._generation += 1
            self._numbers = count(1)
            self._give_back(self._unacked)
            self._unacked.clear()
            self._bus.changed.notify_all()

    def close(self) -> None:
        """End; what was not acknowledged goes back to its queue."""
        self.drop_connection()
        super().close()

    def _wait_until(self, wanted: int, seconds: float) -> int:
        end = time.monotonic() + seconds
        while True:
            present = self._available()
            left = end - time.monotonic()
            if present >= wanted or left <= 0 or self._closed:
                return present
            self._bus.changed.wait(min(left, self._until_expiry()))

    def _until_expiry(self) -> float:
        return max(self._bus.broker.next_expiry() - self._bus.clock(), _SHORTEST_WAIT)

    def _available(self) -> int:
        self._bus.broker.expire(self._bus.clock())
        depths = {queue: self._bus.broker.depth(queue) or 0 for queue in self._queues}
        return sum(min(depth, self._room(queue)) for queue, depth in depths.items())

    def _room(self, queue: str) -> int:
        most = self._yielding if keys.yields(queue) else self._prefetch
        return most - len(self._unacked[queue])

    def _take(self, limit: int) -> Iterator[Delivery]:
        """Take from the queues in turn, as long as their prefetch allows."""
        sources, size = list(self._queues), 0
        while sources and limit > 0 and size < BATCH_BYTES:
            queue = sources.pop(0)
            stored = self._bus.broker.take(queue) if self._room(queue) > 0 else None
            if stored is not None:
                yield self._deliver(queue, stored)
                sources.append(queue)
                limit -= 1
                size += len(stored.message.body)

    def _deliver(self, queue: str, stored: Stored) -> Delivery:
        number = next(self._numbers)
        self._unacked[queue][number] = stored
        message = stored.message
        return Delivery(
            tag=Tag(self._generation, number),
            queue=queue,
            exchange=stored.exchange,
            routing_key=stored.routing_key,
            body=message.body,
            message_id=message.message_id,
            content_type=message.content_type,
            user_id=message.user_id,
            timestamp=message.timestamp,
            headers=dict(message.headers),
            redelivered=stored.returns > 0,
        )

    def _settle(self, deliveries: Sequence[Delivery]) -> dict[str, dict[int, Stored]]:
        settled: defaultdict[str, dict[int, Stored]] = defaultdict(dict)
        for delivery in deliveries:
            held = self._unacked[delivery.queue]
            if delivery.tag.generation == self._generation and delivery.tag.number in held:
                settled[delivery.queue][delivery.tag.number] = held.pop(delivery.tag.number)
        return settled

    def _give_back(self, held: dict[str, dict[int, Stored]]) -> None:
        for queue, stored in held.items():
            in_order = [stored[number] for number in sorted(stored)]
            self._bus.broker.give_back(queue, in_order, self._bus.clock())
