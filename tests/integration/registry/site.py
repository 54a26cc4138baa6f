"""The registry's hop as a test site: in-memory bus, real PostgreSQL, and ways to die."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.evidence import record_log
from hub.evidence.record_log import Entry, State
from hub.hop import Hop, Pace
from hub.intake.publishing import canonical_messages
from hub.registry.handler import HOP, RegistryHandler
from hub.store.database import Database, Transaction
from routing import keys
from routing.memory import MemoryBus, MemorySubscription
from routing.message import Delivery, Message
from routing.observer import Unobserved
from routing.topology import Rung, topology
from schemas.envelope import CONTENT_TYPE, Event
from tests.integration.registry.events import EPOCH, event, fin, person

QUEUE = keys.writer_queue("live")
DEAD = keys.dead_queue(QUEUE)
NOW = EPOCH + timedelta(days=3)


class Died(BaseException):
    """The process was killed here."""


class Flaky(Database):
    """Raises the given errors, one per transaction, before it does its work; None is none."""

    errors: Sequence[Exception | None] = ()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self.errors:
            error, *self.errors = self.errors
            if error is not None:
                raise error
        with super().transaction() as tx:
            yield tx


@dataclass(frozen=True, slots=True)
class Mortal(RegistryHandler):
    """A handler whose process dies of one record."""

    deadly: str = ""

    def _write(
        self, events: Sequence[Event], now: datetime, whole: Sequence[Delivery] = ()
    ) -> None:
        if any(event.id == self.deadly for event in events):
            raise Died
        RegistryHandler._write(self, events, now, whole)


@dataclass
class Site:
    """A hub with nothing but the registry's hop; ``clock`` is the bus's, in seconds."""

    url: str
    database: Flaky
    clock: list[float] = field(default_factory=lambda: [0.0])
    deadly: str = ""

    def __post_init__(self) -> None:
        self.bus = MemoryBus(topology([]), clock=lambda: self.clock[0], linger=0)
        self.restart()

    def restart(self) -> None:
        """Start a worker, as after the last one was killed."""
        self.subscription: MemorySubscription = self.bus.subscribe([QUEUE], prefetch=100)
        handler = Mortal(
            worker_id="w", database=self.database, publisher=self.subscription,
            queues=[QUEUE], observer=Unobserved(), deadly=self.deadly,
        )  # fmt: skip
        pace = Pace(pause_seconds=0, longest_pause_seconds=0)
        self.hop = Hop(
            HOP, self.subscription, handler, clock=lambda: NOW, observer=Unobserved(), pace=pace
        )

    def publish(self, *events: Event, admitted: bool = True) -> None:
        if admitted:
            with self.database.transaction() as tx:
                record_log.admit(tx, map(_entry, events), NOW)
        messages = canonical_messages([("live", each) for each in events], NOW, most=250)
        self.bus.publisher().publish(messages)

    def publish_raw(self, body: bytes) -> None:
        key = "live.c412.person.v1.interior"
        self.bus.publisher().publish([Message(keys.CANONICAL, key, body, "raw", CONTENT_TYPE)])

    def step(self) -> None:
        self.hop.step(threading.Event(), wait_seconds=0)

    def states(self, *events: Event) -> list[State]:
        with self.database.transaction() as tx:
            found = record_log.states(tx, [each.id for each in events])
        return [found[each.id] for each in events]

    def waiting(self, queue: str) -> list[Delivery]:
        """Look at what waits in a queue, leaving it there."""
        subscription = self.bus.subscribe([queue], prefetch=100)
        found = subscription.receive(100, 0)
        subscription.close()
        return found

    def on_the_ladder(self, rung: Rung) -> list[Delivery]:
        """Look at what waits on a rung."""
        rooms = [keys.retry_exchange(room.name) for room in rung.staggered()]
        return [delivery for room in rooms for delivery in self.waiting(room)]

    def depth(self, queue: str = QUEUE) -> int:
        return self.bus.depths([queue])[queue]


def _entry(event: Event) -> Entry:
    return Entry(event.id, 1, event.ordinal, event.ministry, "live", "person", State.RECEIVED)


def persons(*names: str) -> list[Event]:
    """One person per name, as one message of the ministry."""
    return [
        event("person", person(fin(f"TST000{number}"), name), ministry="interior",
              message_id="m1", ordinal=number)
        for number, name in enumerate(names)
    ]  # fmt: skip


def broken(event: Event) -> Event:
    """The same event with a content that is no record."""
    return event.model_copy(update={"data": {"givenName": "A"}})
