"""A broker in this process: exchanges, queues, expiry and dead letters, as RabbitMQ does it.

Not thread-safe by itself; ``memory.MemoryBus`` guards it. Times are seconds on the clock of
whoever asks.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from routing import keys
from routing.message import Message
from routing.patterns import matches as matches_topic
from routing.topology import Binding, Exchange, Queue, Topology


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in a queue: where it was published, when it expires, how often it came back."""

    message: Message
    exchange: str
    routing_key: str
    expires: float = inf
    returns: int = 0


@dataclass(slots=True)
class _Room:
    queue: Queue
    ready: deque[Stored] = field(default_factory=deque)


class MemoryBroker:
    """Holds messages; ``declare`` may be called again to add more topology."""

    def __init__(self) -> None:
        self._exchanges: dict[str, Exchange] = {}
        self._bindings: defaultdict[str, list[Binding]] = defaultdict(list)
        self._rooms: dict[str, _Room] = {}
        self._timed: list[_Room] = []

    def declare(self, topology: Topology) -> None:
        """Add exchanges, queues and bindings; what exists stays as it is."""
        for exchange in topology.exchanges:
            self._exchanges.setdefault(exchange.name, exchange)
        for queue in topology.queues:
            self._rooms.setdefault(queue.name, _Room(queue))
        self._timed = [room for room in self._rooms.values() if room.queue.ttl is not None]
        for binding in topology.bindings:
            if binding not in self._bindings[binding.exchange]:
                self._bindings[binding.exchange].append(binding)

    def delete_queue(self, name: str) -> None:
        """Remove a queue, what is in it, and its bindings."""
        self._rooms.pop(name, None)
        self._timed = [room for room in self._timed if room.queue.name != name]
        for bindings in self._bindings.values():
            bindings[:] = [binding for binding in bindings if binding.queue != name]

    def publish(self, message: Message, now: float) -> bool:
        """Put a message into every queue it is routed to; False if there is none."""
        targets = self._route(message.exchange, message.routing_key)
        for name in targets:
            self._store(name, Stored(message, message.exchange, message.routing_key), now)
        return bool(targets)

    def take(self, name: str) -> Stored | None:
        """Take the next message of a queue, if there are queue and message."""
        room = self._rooms.get(name)
        return room.ready.popleft() if room and room.ready else None

    def give_back(self, name: str, stored: Sequence[Stored], now: float) -> None:
        """Return unhandled messages to the front, in their order; past the limit they are dead."""
        room = self._rooms.get(name)
        if room is None:
            return
        for item in reversed(stored):
            returned = replace(item, returns=item.returns + 1)
            over = returned.returns > room.queue.delivery_limit
            if not (over and self._bury(room.queue, returned, now)):
                room.ready.appendleft(returned)

    def depth(self, name: str) -> int | None:
        """Ready messages of a queue; None if it does not exist."""
        return len(self._rooms[name].ready) if name in self._rooms else None

    def next_expiry(self) -> float:
        """Time at which the next message expires; infinity if none does."""
        return min((room.ready[0].expires for room in self._timed if room.ready), default=inf)

    def expire(self, now: float) -> None:
        """Dead-letter what has expired; what has nowhere to go stays (at-least-once)."""
        for room in self._timed:
            while room.ready and room.ready[0].expires <= now:
                if not self._bury(room.queue, room.ready[0], now):
                    break
                room.ready.popleft()

    def _bury(self, queue: Queue, stored: Stored, now: float) -> bool:
        dead = queue.dead_letter
        if dead is None:
            return True
        key = stored.routing_key if dead.routing_key is None else dead.routing_key
        targets = self._route(dead.exchange, key)
        for name in targets:
            self._store(name, Stored(stored.message, dead.exchange, key), now)
        return bool(targets)

    def _store(self, name: str, stored: Stored, now: float) -> None:
        room = self._rooms[name]
        ttl = room.queue.ttl
        room.ready.append(stored if ttl is None else replace(stored, expires=now + ttl))

    def _route(self, exchange: str, key: str) -> list[str]:
        if exchange == keys.DEFAULT:
            return [key] if key in self._rooms else []
        if exchange not in self._exchanges:
            return []
        matches = _MATCHES[self._exchanges[exchange].kind]
        found = {b.queue for b in self._bindings[exchange] if matches(b.key, key)}
        alternate = self._exchanges[exchange].alternate
        if not found and alternate is not None:
            return self._route(alternate, key)
        return sorted(found)


_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "direct": str.__eq__,
    "fanout": lambda _pattern, _key: True,
    "topic": matches_topic,
}
