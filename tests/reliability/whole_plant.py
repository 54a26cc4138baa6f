"""The plant with everything else in it: a desk and an operator, notices, outages, custody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors._kit.contract import Rules
from hub.breaker import Keep
from hub.deadletters.handler import DeskHandler
from hub.deadletters.queries import Filter
from hub.deadletters.reading import Reader
from hub.deadletters.replaying import Replayer
from hub.evidence import operators
from hub.evidence.custody import Custodian
from hub.evidence.outages import OutageLog
from hub.hop import Handler, Hop
from hub.registry.handler import RegistryHandler
from hub.store.database import Database, Transaction
from routing import keys
from routing.message import Delivery
from routing.observer import Unobserved
from routing.topology import topology
from schemas.envelope import Event
from schemas.errors import Parked, Unavailable
from tests.reliability.fuse import Crash, Fuse, FusedDatabase
from tests.reliability.plant import LATER, MUCH_LATER, NOW, FusedSubscription, Plant

MINISTRY = "labour"
OUTAGE = 3
"""Failures in a row that open a breaker."""


@dataclass
class LastFuse(Fuse):
    """Once it has burnt the process is gone: whatever it tries until the next start fails."""

    gone: bool = False

    def at(self, place: str) -> None:
        if self.gone:
            raise Crash(place)
        try:
            super().at(place)
        except Crash:
            self.gone = True
            raise


class Flickering(FusedDatabase):
    """A database that does not answer for a while."""

    plant: WholePlant

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self._flicker()
        with super().transaction() as tx:
            yield tx

    @contextmanager
    def single(self) -> Iterator[Transaction]:
        self._flicker()
        with super().single() as tx:
            yield tx

    def _flicker(self) -> None:
        if self.plant.failures:
            self.plant.failures -= 1
            raise Unavailable("database: gone for a moment")


@dataclass(frozen=True, slots=True)
class Refusing(RegistryHandler):
    """A registry with a defect: it parks what one ministry sends, until it is mended."""

    mended: Callable[[], bool] = lambda: True

    def _write(
        self, events: Sequence[Event], now: datetime, whole: Sequence[Delivery] = ()
    ) -> None:
        if not self.mended() and any(event.ministry == MINISTRY for event in events):
            raise Parked("two-fins", "needs a decision")
        RegistryHandler._write(self, events, now, whole)


class WholePlant(Plant):
    """A ministry's records are parked, its notices find no queue, the database flickers; then all
    is mended, an operator sends again what was parked, and the day is stated."""

    def __init__(self, database_url: str, fuse: LastFuse) -> None:
        self.failures = OUTAGE
        self.mended = False
        self.clock = NOW
        self.opened: list[Database] = []
        self.last = fuse
        super().__init__(database_url, fuse)

    def now(self) -> datetime:
        return self.clock

    def prepare(self) -> None:
        self.bus.broker.delete_queue(keys.notice_queue(MINISTRY))
        database = Database(self._url)
        with database.transaction() as tx:
            self.token = operators.add(tx, "aysel", None, NOW)
        database.close()

    def connect(self, name: str) -> FusedDatabase:
        if name == "intake":
            flickering = Flickering(self._url, self.fuse, name)
            flickering.plant = self
            return flickering
        opened = super().connect(name)
        self.opened.append(opened)
        return opened

    def keeping(self, name: str) -> Keep:
        return OutageLog(self.connect("outages"), name).keep

    def work(self) -> None:
        self._surviving(lambda: self._drain(self.hops[:1]))
        self._steal()
        self._surviving(self._flow)
        self.bus.broker.declare(topology(self.connectors))
        self.mended = True
        self._surviving(self._replay)
        self._surviving(self._flow)
        for now in (LATER, MUCH_LATER):
            self.clock = now
            self._surviving(lambda: self._repair(self.clock))
            self._surviving(self._flow)
        self.clock = MUCH_LATER + timedelta(days=2)
        self._surviving(self._state)
        self.close()

    def close(self) -> None:
        super().close()
        for database in self.opened:
            database.close()

    def _restart(self) -> None:
        self.last.gone = False
        super()._restart()

    def _flow(self) -> None:
        self._drain(self.hops)
        self.hops[-1].step(self.stop, 0)  # idle, the desk looks what became of its letters

    def _replay(self) -> None:
        replayer = Replayer(
            database=self.connect("replay"),
            publisher=self.subscribe(()),
            reader=Reader(self.connectors, Rules()),
            clock=self.now,
            per_second=10_000,
            stop=threading.Event(),
        )
        replayer.replay(self.token, Filter())

    def _state(self) -> None:
        custodian = Custodian(self.connect("custody"), tuple(self.connectors), Unobserved())
        custodian.step(self.clock)

    def _start(self) -> list[Hop]:
        dead = [q.name for q in topology(self.connectors).queues if q.name.startswith("dead.")]
        return [*super()._start(), self._hop("desk", dead, self._desk)]

    def _desk(self, database: Database, subscription: FusedSubscription) -> Handler:
        return DeskHandler("desk", database, Unobserved())

    def _registry(self, database: Database, subscription: FusedSubscription) -> Handler:
        queues = [keys.writer_queue(lane) for lane in keys.LANES]
        return Refusing(
            "registry",
            database,
            subscription,
            queues,
            Unobserved(),
            mended=lambda: self.mended,
        )


def shortcomings(url: str) -> list[str]:
    """Name what is not as it must be beyond the ledger: letters, notices, statements."""
    database = Database(url)
    try:
        with database.transaction() as tx:
            return [*_shortcomings(tx)]
    finally:
        database.close()


def _shortcomings(tx: Transaction) -> Iterator[str]:
    for row in tx.rows("SELECT state, count(*) AS n FROM desk.letter GROUP BY state"):
        if row["state"] != "settled":
            yield f"{row['n']} letters are {row['state']}"
    for row in tx.rows("SELECT letter_id FROM desk.replay GROUP BY 1 HAVING count(*) <> 1"):
        yield f"letter {row['letter_id']} was sent more than once"
    if not tx.rows("SELECT FROM desk.letter"):
        yield "there were no letters"
    if not tx.rows("SELECT FROM evidence.notice"):
        yield "there were no notices"
    if tx.rows("SELECT FROM evidence.notice WHERE published_at IS NULL"):
        yield "notices were not published"
    (stated,) = tx.rows("SELECT sum(received) AS n, count(*) AS rows FROM evidence.custody")
    (received,) = tx.rows("SELECT sum(records) AS n FROM evidence.journal")
    if stated["n"] != received["n"]:
        yield f"the statements are of {stated['n']} records, not of {received['n']}"
    if tx.rows("SELECT FROM evidence.custody WHERE revision > 1 OR in_flight + unaccounted > 0"):
        yield "a statement was revised, or names records that are on their way"
