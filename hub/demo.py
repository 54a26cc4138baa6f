"""The whole path in one process: simulator, hub and a database of its own, then the reckoning.

The bus is the in-memory one: a confirm means "held in this process". Everything else is the code
that runs against RabbitMQ.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.crew import at_work
from hub.embedded import embedded_postgres
from hub.evidence import holders, outcomes
from hub.evidence.ledger import Statement
from hub.evidence.outcomes import Delays
from hub.settings import Settings
from hub.simulator.account import Account
from hub.simulator.ministries import MINISTRIES
from hub.simulator.publish import Window, publish
from hub.simulator.sent import Sent
from hub.simulator.stream import messages
from routing import keys
from routing.memory import MemoryBus
from routing.topology import topology

START = datetime(2025, 1, 1, tzinfo=UTC)
"""The simulated present: fixed, so that a seed alone decides what is sent."""

_WINDOW = 250
_MOST_WAITING = 2000
_STALLED_SECONDS = 120.0
_LOOK_SECONDS = 0.25

Progress = Callable[[int, int], None]
"""Told how many messages were published and how many records have their outcome."""


class Interrupted(Exception):
    """Somebody asked to stop before the end."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was sent, what became of it, and where the two differ (in words; empty: nowhere).

    ``sent`` is the simulator's summary.
    """

    sent: Mapping[str, Any]
    ledger: Statement
    differences: list[str]
    delays: Delays

    @property
    def agrees(self) -> bool:
        """Whether the ledger balances, nothing is on its way, and it equals what was sent."""
        return self.ledger.balanced and not self.ledger.in_flight and not self.differences

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        return {
            "agrees": self.agrees,
            "sent": self.sent,
            "ledger": self.ledger.as_dict(),
            "differences": self.differences,
            "recordsPerSecond": round(self.delays.rate, 1),
            "endToEndSeconds": asdict(self.delays),
        }


def demonstrate(
    settings: Settings,
    *,
    records: int,
    seed: int,
    faults: float,
    stop: threading.Event,
    progress: Progress,
) -> Result:
    """Send ``records`` messages, ``faults`` of them irregular, through the whole hub.

    ``stop`` ends it early and in order: then ``Interrupted`` is raised.
    """
    with embedded_postgres() as url, tempfile.TemporaryDirectory(prefix="qovsaq-sent-") as folder:
        bootstrap.bring_up_to_date(url)
        connectors = discover()
        bus = MemoryBus(topology(connectors, rungs=settings.rungs()))
        hub = bootstrap.build(settings, database_url=url, bus=bus, connectors=connectors)
        stream = messages(records, seed, faults, tuple(MINISTRIES), START)
        workers = {str(kind): hub.worker(kind) for kind in (Kind.INTAKE, Kind.REGISTRY, Kind.RELAY)}
        with Account(Path(folder)) as account:
            with at_work(workers, stop):
                watch = _Watch(hub, account, stop, progress)
                publisher = bus.publisher()
                publish(
                    watch.paced(stream),
                    publisher,
                    account,
                    watch.published,
                    window=Window(messages=_WINDOW),
                )
                watch.until_settled()
                early = stop.is_set()
            if early:
                raise Interrupted
            return _reckon(hub, account)


class _Watch:
    """Follows the run: holds the sender back while much is waiting, and knows when all is done."""

    def __init__(
        self, hub: Hub, account: Account, stop: threading.Event, progress: Progress
    ) -> None:
        self._hub = hub
        self._account = account
        self._stop = stop
        self._progress = progress
        self._database = hub.database("demo watch")
        self._published = 0
        self._queues = holders.queues_of(hub.connectors, keys.LANES)

    def paced(self, stream: Iterable[Sent]) -> Iterator[Sent]:
        """Pass the stream on while the hub keeps up; end it early where all must stop."""
        for place, sent in enumerate(stream):
            while place % _WINDOW == 0 and self._waiting() > _MOST_WAITING:
                if self._stop.wait(_LOOK_SECONDS):
                    break
            if self._stop.is_set():
                return
            yield sent

    def published(self, count: int) -> None:
        """Note that so many more messages are on the bus."""
        self._published += count
        self._settled()

    def until_settled(self) -> None:
        """Wait until every record sent has an outcome, or nothing has moved for long."""
        expected = self._account.summary()["records"]
        settled, moved = self._settled(), time.monotonic()
        while settled < expected and time.monotonic() - moved < _STALLED_SECONDS:
            if self._stop.wait(_LOOK_SECONDS):
                break
            before, settled = settled, self._settled()
            if settled != before:
                moved = time.monotonic()
        self._database.close()

    def _waiting(self) -> int:
        return sum(self._hub.bus.depths(self._queues).values())

    def _settled(self) -> int:
        with self._database.transaction() as tx:
            settled = outcomes.settled(tx)
        self._progress(self._published, settled)
        return settled


def _reckon(hub: Hub, account: Account) -> Result:
    database = hub.database("demo")
    try:
        with database.transaction() as tx:
            differences = account.compare(outcomes.outcomes(tx))
            delays = outcomes.delays(tx)
    finally:
        database.close()
    return Result(account.summary(), hub.ledger(), differences, delays)
