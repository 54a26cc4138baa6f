"""Intake and writer that can be made to crash at any place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from hub.breaker import Keep
from hub.hop import Handler, Hop, Pace
from hub.intake.handler import IntakeHandler
from hub.intake.relay import Relay
from hub.registry.handler import RegistryHandler
from hub.simulator.account import Account
from hub.simulator.publish import publish
from hub.simulator.sent import Sent
from hub.store.database import Database
from routing import keys
from routing.memory import MemoryBus, MemorySubscription
from routing.message import Delivery, Message
from routing.observer import Unobserved
from routing.topology import topology
from tests.reliability.fuse import Crash, Fuse, FusedDatabase
from tests.reliability.verdict import verdict
from tests.support.postgres import PostgresServer
from tests.support.undisturbed import exported, run_undisturbed

NOW = datetime(2026, 1, 16, tzinfo=UTC)
LATER = NOW + timedelta(hours=12)
MUCH_LATER = NOW + timedelta(hours=24)
PACE = Pace(batch=20, pause_seconds=0, longest_pause_seconds=0, wait_seconds=0)


class FusedSubscription(MemorySubscription):
    """Crashes before and after each publish and acknowledgement."""

    fuse: Fuse

    def publish(self, messages: Sequence[Message]) -> None:
        self.fuse.at("before publish")
        super().publish(messages)
        self.fuse.at("after publish")

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.fuse.at("before ack")
        super().ack(deliveries)
        self.fuse.at("after ack")


class Plant:
    """Intake, writer and relay on the in-memory bus; after a crash, started again.

    With a ``thief`` a canonical message is lost on the way, and the relay is there to repair it.
    Without, there is no relay: it would repair the defects of the others, too.
    """

    def __init__(self, database_url: str, fuse: Fuse, *, thief: bool = False) -> None:
        self._url = database_url
        self.connectors: dict[str, Connector] = discover()
        self.bus = MemoryBus(topology(self.connectors), linger=0)
        self.fuse = fuse
        self._thief = thief
        self.stop = threading.Event()
        self.prepare()
        self._start_all()

    def prepare(self) -> None:
        """Change something before the start."""

    def now(self) -> datetime:
        return NOW

    def connect(self, name: str) -> FusedDatabase:
        """Open a database."""
        return FusedDatabase(self._url, self.fuse, name)

    def subscribe(self, queues: Sequence[str]) -> FusedSubscription:
        """Open a connection to the bus."""
        subscription = FusedSubscription(self.bus, queues, 50)
        subscription.fuse = self.fuse
        return subscription

    def keeping(self, name: str) -> Keep:
        """What keeps the breaker events of a hop: nothing."""
        return lambda _: None

    def work(self) -> None:
        """Work until nothing is left, through at most one crash."""
        if self._thief:
            self._surviving(lambda: self._drain(self.hops[:1]))
            self._steal()
        self._surviving(lambda: self._drain(self.hops))
        # The second round repairs what the first had claimed when it crashed.
        for now in (LATER, MUCH_LATER) if self._thief else ():
            self._surviving(partial(self._repair, now))
            self._surviving(lambda: self._drain(self.hops))
        self.close()

    def close(self) -> None:
        for hop in self.hops:
            hop.close()
        self.relay.database.close()

    def _repair(self, now: datetime) -> None:
        self.relay.step(now)

    def _steal(self) -> None:
        """Take a message off the writer's queue, as an operator's purge would."""
        thief = self.bus.subscribe([keys.writer_queue("live")], prefetch=1)
        thief.ack(thief.receive(1, 0))
        thief.close()

    def lay_out_again(self) -> None:
        """Put back what is missing on the broker, and start anew."""
        self.bus.broker.declare(topology(self.connectors))
        self._restart()

    def _surviving(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Crash:
            self._restart()
            work()

    def _restart(self) -> None:
        self.close()
        self._start_all()

    def _start_all(self) -> None:
        self.hops = self._start()
        self.relay = self._relay()

    def _drain(self, hops: Sequence[Hop]) -> None:
        while any(hop.step(self.stop, 0) for hop in hops):
            pass

    def _start(self) -> list[Hop]:
        intake_queues = [
            keys.intake_queue(name, lane) for name in self.connectors for lane in keys.LANES
        ]
        writer_queues = [keys.writer_queue(lane) for lane in keys.LANES]
        return [
            self._hop("intake", [*intake_queues, keys.INTAKE_UNROUTED], self._intake),
            self._hop("registry", writer_queues, self._registry),
        ]

    def _hop(
        self,
        name: str,
        queues: Sequence[str],
        handler: Callable[[Database, FusedSubscription], Handler],
    ) -> Hop:
        subscription = self.subscribe(queues)
        return Hop(
            name,
            subscription,
            handler(self.connect(name), subscription),
            clock=self.now,
            observer=Unobserved(),
            pace=PACE,
            keep=self.keeping(name),
        )

    def _relay(self) -> Relay:
        return Relay(
            worker_id="relay",
            database=self.connect("relay"),
            bus=self.bus,
            publisher=self.subscribe(()),
            connectors=self.connectors,
            observer=Unobserved(),
            lanes=keys.LANES,
        )

    def _intake(self, database: Database, subscription: FusedSubscription) -> Handler:
        return IntakeHandler("intake", database, subscription, self.connectors, Unobserved())

    def _registry(self, database: Database, subscription: FusedSubscription) -> Handler:
        queues = [keys.writer_queue(lane) for lane in keys.LANES]
        return RegistryHandler("registry", database, subscription, queues, Unobserved())


@dataclass(frozen=True)
class Yard:
    """What every run needs: databases to clone, what is sent, and how it ends undisturbed."""

    postgres: PostgresServer
    template: str
    messages: Sequence[Sent]
    expected: Sequence[str]
    folder: Path
    runs: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Yield a fresh database."""
        name = f"{self.template}_{name}"
        url = self.postgres.create(name, self.template)
        try:
            yield url
        finally:
            self.postgres.drop(name)

    def expecting(self, messages: Sequence[Sent]) -> Yard:
        """The yard for other messages, with the registry that they lead to undisturbed."""
        with self.database("calm") as url:
            run_undisturbed(messages, url, self.folder / "calm")
            return replace(self, messages=messages, expected=exported(url))

    @contextmanager
    def run(
        self,
        fuse: Fuse,
        messages: Iterable[Sent] | None = None,
        *,
        thief: bool = False,
        make: Callable[[str], Plant] | None = None,
    ) -> Iterator[Run]:
        """Yield a plant with this fuse, everything sent to it; ``make`` makes another kind."""
        name = f"run{next(self.runs)}"
        with self.database(name) as url:
            plant = make(url) if make else Plant(url, fuse, thief=thief)
            account = Account(self.folder / name)
            sent = self.messages if messages is None else messages
            publish(sent, plant.bus.publisher(), account, lambda _: None)
            account.close()
            yield Run(plant, account, url, self.expected)

    def problems(
        self, fuse: Fuse, messages: Iterable[Sent] | None = None, *, thief: bool = False
    ) -> list[str]:
        """Send everything through a plant with this fuse; name what is wrong at the end."""
        with self.run(fuse, messages, thief=thief) as run:
            run.plant.work()
            return run.problems()


@dataclass(frozen=True)
class Run:
    """One plant, what was sent to it, and how it must end."""

    plant: Plant
    account: Account
    url: str
    expected: Sequence[str]

    def problems(self) -> list[str]:
        """Name what is wrong now."""
        return verdict(self.url, self.plant.bus, self.account, self.expected, MUCH_LATER)
