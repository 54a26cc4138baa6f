"""A hub's workers on real servers, a sender at work, and moments at which to do them harm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.crew import Worker, at_work
from hub.evidence import pages
from hub.rounds import Rounds
from hub.settings import Settings
from hub.simulator.account import Account
from hub.simulator.publish import Window, publish
from hub.simulator.sent import Sent
from hub.store.database import Database
from routing import control
from routing.rabbit import RabbitBus
from schemas.errors import HubError, Unavailable
from tests.reliability.verdict import verdict
from tests.support.hub_process import HubProcess
from tests.support.servers import wait_until

CREW: Mapping[Kind, int] = {Kind.INTAKE: 1, Kind.REGISTRY: 1, Kind.RELAY: 1}
_LIMIT_SECONDS = 300
_SETTLED = "SELECT count(*) AS n FROM evidence.record_log WHERE settled_at IS NOT NULL"
_SETTINGS: Mapping[str, Any] = {
    "settle_seconds": 10,
    "relay_interval_seconds": 1,
    "retry_rungs": ("1s", "2s"),
    "metrics_port": 0,
}


@dataclass(frozen=True)
class Traffic:
    """What is sent, and the registry that it must lead to."""

    messages: Sequence[Sent]
    expected: Sequence[str]


@dataclass
class Stage:
    """Where a case is played. The hub and the sender use ``broker_url``, which may lead through
    a proxy; the check uses ``direct_url``.
    """

    traffic: Traffic
    direct_url: str
    broker_url: str
    database_url: str
    folder: Path
    crew: Mapping[Kind, int] = field(default_factory=lambda: CREW)
    settings: Mapping[str, Any] = field(default_factory=dict)
    dead: int = 0

    def __post_init__(self) -> None:
        self.ended = threading.Event()
        hub = self._build(self.direct_url)
        self.topology = hub.topology
        hub.bus.close()
        wait_until(self._swept, 120, "empty queues, each with a leader")
        self.account = Account(self.folder / "sent")
        self._looking = Database(self.database_url)

    def close(self) -> None:
        """Close the account, and what was looked with."""
        self.account.close()
        self._looking.close()

    def _swept(self) -> bool:
        """Declare and empty the queues; False while the broker is not up to it yet."""
        try:
            control.declare(self.direct_url, self.topology)
            control.purge(self.direct_url, [queue.name for queue in self.topology.queues])
        except Unavailable:
            return False
        return True

    @contextmanager
    def working(self) -> Iterator[Hub]:
        """Have the crew at work during the block; whatever stops one of them is raised."""
        hub = self._build(self.broker_url)
        workers: dict[str, Worker] = {
            f"{kind} {number}": hub.worker(kind)
            for kind, times in self.crew.items()
            for number in range(times)
        }
        ledger = hub.database("ledger")
        workers["ledger"] = Rounds("ledger", lambda: pages.close(ledger), 0.1, ledger.close)
        try:
            self.ended.clear()
            with at_work(workers, self.ended):
                yield hub
        finally:
            hub.bus.close()

    @contextmanager
    def sending(
        self, messages: Sequence[Sent] | None = None, account: Account | None = None
    ) -> Iterator[Sender]:
        """Send everything during the block, through every outage, on the stage's account."""
        sender = Sender(
            self.broker_url,
            self.traffic.messages if messages is None else messages,
            account or self.account,
        )
        sender.start()
        try:
            yield sender
        finally:
            sender.join()
        if sender.failure:
            raise sender.failure

    @contextmanager
    def under_load(self) -> Iterator[Hub]:
        """Have the crew work on what is being sent; the block does the harm. Ends at rest."""
        with self.working() as hub:
            with self.sending():
                self.wait_for(0.05)
                yield hub
            self.come_to_rest()

    def process(
        self,
        kind: Kind,
        program: Sequence[str] = ("-m", "hub.cli"),
        *,
        home: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> HubProcess:
        """Make a process of the hub on these servers, to be started; ``home`` has other code."""
        given = {
            "QOVSAQ_BROKER_URL": self.broker_url,
            "QOVSAQ_DATABASE_URL": self.database_url,
            "QOVSAQ_METRICS_PORT": "0",
            "QOVSAQ_RETRY_RUNGS": "1s,2s",
            "QOVSAQ_SETTLE_SECONDS": "10",
            "QOVSAQ_RELAY_INTERVAL_SECONDS": "1",
        } | dict(settings or {})
        return HubProcess(kind, given, home or self.folder, program, home, measured=False)

    def wait_for(self, share: float) -> None:
        """Wait until this share of the records has its outcome: there is more to come."""
        wanted = share * sum(len(sent.expected) for sent in self.traffic.messages)
        self.until(lambda: self.settled() >= wanted, "progress")

    def until(self, happens: Callable[[], bool], what: str) -> None:
        """Wait until something happens, or until the hub ended by itself, which shows at the end.

        The limit tells a case that hangs from a machine that is slow.
        """
        wait_until(lambda: self.ended.is_set() or happens(), _LIMIT_SECONDS, what)

    def come_to_rest(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until nothing is on its way, and do something ``meanwhile`` again and again."""
        bus = RabbitBus(self.direct_url)
        prefixes = ("intake.", "registry.", "retry.", *(() if self.dead else ("dead.",)))
        names = [queue.name for queue in self.topology.queues]
        queues = [name for name in names if name.startswith(prefixes)]

        def rests() -> bool:
            meanwhile()
            return self.ended.is_set() or self._rests(bus, queues)

        try:
            wait_until(rests, _LIMIT_SECONDS, "the hub at rest")
        finally:
            bus.close()

    def problems(self) -> list[str]:
        """Name whatever is wrong in the end."""
        self.account.close()
        bus = RabbitBus(self.direct_url)
        try:
            return verdict(
                self.database_url,
                bus,
                self.account,
                self.traffic.expected,
                datetime.now(UTC),
                dead=self.dead,
            )
        finally:
            bus.close()

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        """Ask the database."""
        database = Database(self.database_url)
        try:
            with database.transaction() as tx:
                return tx.rows(statement)
        finally:
            database.close()

    def attempts(self) -> int:
        """Count failed attempts of all records together."""
        (row,) = self.rows("SELECT coalesce(sum(attempts), 0) AS n FROM evidence.record_log")
        return int(row["n"])

    def missing(self) -> bool:
        """Tell whether records are without outcome, or not even known yet."""
        expected = sum(tally.records for tally in self.account.tallies.values())
        try:
            return self.settled() < expected
        except HubError:
            return True

    def _rests(self, bus: RabbitBus, queues: Sequence[str]) -> bool:
        try:
            # First the one statement: many queues to ask take the broker from its work.
            return not self.missing() and not any(bus.depths(queues).values())
        except HubError:
            return False

    def settled(self) -> int:
        """Count the records that have their outcome; 0 while the database does not answer."""
        try:
            with self._looking.transaction() as tx:
                (row,) = tx.rows(_SETTLED)
        except HubError:
            return 0
        return int(row["n"])

    def _build(self, broker_url: str) -> Hub:
        given = {**_SETTINGS, **self.settings}
        return bootstrap.build(
            Settings(broker_url=broker_url, database_url=self.database_url, **given)
        )


class Sender(threading.Thread):
    """Publishes over a connection of its own, through every outage."""

    def __init__(self, url: str, messages: Sequence[Sent], account: Account) -> None:
        super().__init__(name="sender")
        self._account = account
        self._url = url
        self._messages = messages
        self.failure: Exception | None = None

    def run(self) -> None:
        bus = RabbitBus(self._url, confirm_timeout=10)
        window = Window(messages=100, pause=0.2)
        try:
            publish(self._messages, bus.publisher(), self._account, lambda _: None, window=window)
        except Exception as error:  # noqa: BLE001 - shown by the test that waits
            self.failure = error
        finally:
            bus.close()
