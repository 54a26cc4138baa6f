"""Exchanges, queues and bindings as values; ``control`` and the in-memory bus make them real.

Every queue is a durable quorum queue. Working queues dead-letter to ``dead.<origin>`` as a
safety net: what the hub itself parks is published there with its cause. Every queue states its
delivery limit, because brokers differ in what they do without one: RabbitMQ 3.10 delivers for
ever, 4.x drops after 20 deliveries where there is no dead-letter exchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Self
from zlib import crc32

from routing import keys

Argument = str | int

DELIVERY_LIMIT = 100
PRACTICALLY_UNLIMITED = 1_000_000_000
"""3.10 accepts no -1, and 4.x would set 20: in queues that people read, nothing may expire so."""

_STAGGER = (1.1, 1.2)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the retry ladder: its name on the wire and how long a message waits there."""

    name: str
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``5s``, ``2m`` or ``1h``; raise ``ValueError`` for anything else."""
        if not re.fullmatch(r"[1-9]\d{0,4}[smh]", text):
            raise ValueError("a rung is a whole number and s, m or h")
        return cls(text, int(text[:-1]) * _UNIT_SECONDS[text[-1]])

    @property
    def step(self) -> str:
        """The name of the step of the ladder that this waiting room is on."""
        return self.name.partition(".")[0]

    def staggered(self) -> tuple[Rung, ...]:
        """The waiting rooms of this rung: itself, and some that keep a little longer.

        What failed together then does not come back together.
        """
        later = (
            Rung(f"{self.name}.{number}", self.seconds * factor)
            for number, factor in enumerate(_STAGGER, 2)
        )
        return (self, *later)

    def room_of(self, key: str) -> Rung:
        """Choose a waiting room by a message's id: the same one for the same id."""
        rooms = self.staggered()
        return rooms[crc32(key.encode()) % len(rooms)]


LADDER = tuple(Rung.parse(text) for text in ("5s", "30s", "2m", "10m", "1h"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange; what it cannot route goes on to ``alternate``."""

    name: str
    kind: Literal["direct", "topic", "fanout"]
    alternate: str | None = None

    @property
    def arguments(self) -> dict[str, Argument]:
        """Arguments of its declaration."""
        return {"alternate-exchange": self.alternate} if self.alternate else {}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where expired and undeliverable messages go; without ``routing_key`` they keep their own."""

    exchange: str
    routing_key: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue; ``ttl`` in seconds."""

    name: str
    dead_letter: DeadLetter | None = None
    ttl: float | None = None
    delivery_limit: int = PRACTICALLY_UNLIMITED

    @property
    def arguments(self) -> dict[str, Argument]:
        """Arguments of its declaration, valid on RabbitMQ 3.10 as well as 4.x."""
        arguments: dict[str, Argument] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
        }
        if self.ttl is not None:
            arguments["x-message-ttl"] = round(self.ttl * 1000)
        if self.dead_letter is not None:
            # Dead-lettering is at most once unless both of the last two are set.
            arguments |= {
                "x-dead-letter-exchange": self.dead_letter.exchange,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
            if self.dead_letter.routing_key is not None:
                arguments["x-dead-letter-routing-key"] = self.dead_letter.routing_key
        return arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """What an exchange passes on to a queue."""

    exchange: str
    queue: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that must exist on the broker before the hub runs."""

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()

    def __add__(self, other: Topology) -> Topology:
        return Topology(
            self.exchanges + other.exchanges,
            self.queues + other.queues,
            self.bindings + other.bindings,
        )


def topology(
    ministries: Iterable[str],
    lanes: Sequence[str] = keys.LANES,
    rungs: Sequence[Rung] = LADDER,
) -> Topology:
    """Lay out the whole bus for these ministries, lanes and rungs."""
    names = tuple(ministries)
    return sum(
        chain(
            [_unrouted(), _canonical(lanes), _ladder(rungs)],
            (_ministry(ministry, lanes) for ministry in names),
            [_ehis(names, lanes)],
        ),
        start=Topology(),
    )


def working(origin: str, delivery_limit: int = DELIVERY_LIMIT) -> tuple[Queue, Queue]:
    """Make a working queue and its dead queue."""
    dead = keys.dead_queue(origin)
    net = DeadLetter(keys.DEFAULT, dead)
    return Queue(origin, net, delivery_limit=delivery_limit), Queue(dead)


def outbound(
    subscriber: str, records: Iterable[str], lanes: Sequence[str] = keys.LANES, *, reads: bool
) -> Topology:
    """Lay out what one subscriber needs; ``reads`` if it has a queue of its own to read."""
    origins = {lane: keys.outbound_queue(subscriber, lane) for lane in lanes}
    own = (Queue(keys.deliver_queue(subscriber)),) if reads else ()
    return Topology(
        queues=(*chain.from_iterable(map(working, origins.values())), *own),
        bindings=tuple(
            Binding(keys.CANONICAL, origin, f"{lane}.*.{record}.#")
            for lane, origin in origins.items()
            for record in records
        ),
    )


def _ministry(ministry: str, lanes: Sequence[str]) -> Topology:
    exchange = keys.intake_exchange(ministry)
    origins = {lane: keys.intake_queue(ministry, lane) for lane in lanes}
    return Topology(
        (Exchange(exchange, "direct", alternate=keys.INTAKE_UNROUTED),),
        (
            *chain.from_iterable(map(working, origins.values())),
            Queue(keys.notice_queue(ministry)),
            Queue(keys.receipt_queue(ministry)),
        ),
        tuple(Binding(exchange, origin, lane) for lane, origin in origins.items()),
    )


def _ehis(ministries: Sequence[str], lanes: Sequence[str]) -> Topology:
    """What came over EHİS: no ministry may write to the exchange, so that it proves the channel."""
    return Topology(
        (Exchange(keys.INTAKE_EHIS, "direct", alternate=keys.INTAKE_UNROUTED),),
        (),
        tuple(
            Binding(keys.INTAKE_EHIS, keys.intake_queue(name, lane), keys.ehis_key(name, lane))
            for name in ministries
            for lane in lanes
        ),
    )


def _canonical(lanes: Sequence[str]) -> Topology:
    origins = {lane: keys.writer_queue(lane) for lane in lanes}
    return Topology(
        (Exchange(keys.CANONICAL, "topic", alternate=keys.CANONICAL_UNROUTED),),
        tuple(chain.from_iterable(map(working, origins.values()))),
        tuple(Binding(keys.CANONICAL, origin, f"{lane}.#") for lane, origin in origins.items()),
    )


def _unrouted() -> Topology:
    names = (keys.INTAKE_UNROUTED, keys.CANONICAL_UNROUTED)
    return Topology(
        tuple(Exchange(name, "fanout") for name in names),
        tuple(chain.from_iterable(map(working, names))),
        tuple(Binding(name, name) for name in names),
    )


def _ladder(rungs: Sequence[Rung]) -> Topology:
    """Waiting rooms: what expires in one goes back to the queue that its own key names."""
    rooms = chain.from_iterable(rung.staggered() for rung in rungs)
    names = {keys.retry_exchange(room.name): room for room in rooms}
    return Topology(
        tuple(Exchange(name, "fanout") for name in names),
        tuple(Queue(name, DeadLetter(keys.DEFAULT), rung.seconds) for name, rung in names.items()),
        tuple(Binding(name, name) for name in names),
    )
