"""The whole path in one process: simulator, hub and a database of its own, then the reckoning.

The bus is the in-memory one: a confirm means "held in this process". Everything else is the code
that runs against RabbitMQ.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.crew import at_work
from hub.embedded import embedded_postgres
from hub.evidence import outcomes
from hub.evidence.ledger import Statement
from hub.evidence.outcomes import Delays
from hub.settings import Settings
from hub.simulator.account import Account
from hub.simulator.ministries import MINISTRIES
from hub.simulator.publish import Window, publish
from hub.simulator.sent import Sent
from hub.simulator.stream import messages
from routing.memory import MemoryBus
from routing.topology import topology

START = datetime(2025, 1, 1, tzinfo=UTC)
"""The simulated present: fixed, so that a seed alone decides what is sent."""

_WINDOW = 250
_MOST_ON_THEIR_WAY = 2000
_STALLED_SECONDS = 120.0
_LOOK_SECONDS = 0.1

Progress = Callable[[int, int], None]
"""Told how many messages were published and how many records have their outcome."""


class Interrupted(Exception):
    """Somebody asked to stop before the end."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was sent, what became of it, and where the two differ (in words; empty: nowhere).

    ``sent`` is the simulator's summary, ``seconds`` the time from the first publish to the last
    outcome.
    """

    sent: Mapping[str, Any]
    ledger: Statement
    differences: list[str]
    delays: Delays
    seconds: float

    @property
    def records_per_second(self) -> float:
        """Records with an outcome, by the whole time it took."""
        return self.delays.records / self.seconds if self.seconds else 0.0

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
            "seconds": round(self.seconds, 3),
            "recordsPerSecond": round(self.records_per_second, 1),
            "endToEndSeconds": {"p50": self.delays.p50, "p99": self.delays.p99},
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
                started = time.monotonic()
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
                seconds, early = time.monotonic() - started, stop.is_set()
            if early:
                raise Interrupted
            return _reckon(hub, account, seconds)


class _Watch:
    """Follows the run: holds the sender back while much is on its way, and sees the end of it."""

    def __init__(
        self, hub: Hub, account: Account, stop: threading.Event, progress: Progress
    ) -> None:
        self._account = account
        self._stop = stop
        self._progress = progress
        self._database = hub.database("demo watch")
        self._published = 0
        self._settled = 0
        self._moved_at = time.monotonic()

    def paced(self, stream: Iterable[Sent]) -> Iterator[Sent]:
        """Pass the stream on while the hub keeps up; end it early where all must stop."""
        for place, sent in enumerate(stream):
            if place % _WINDOW == 0:
                self._wait_until(_MOST_ON_THEIR_WAY)
            if self._stop.is_set():
                return
            yield sent

    def published(self, count: int) -> None:
        """Note that so many more messages are on the bus."""
        self._published += count

    def until_settled(self) -> None:
        """Wait until every record sent has an outcome."""
        self._wait_until(0)
        self._database.close()

    def _wait_until(self, most: int) -> None:
        """Wait until at most so many records are on their way, or nothing has moved for long."""
        while self._look() > most and time.monotonic() - self._moved_at < _STALLED_SECONDS:
            if self._stop.wait(_LOOK_SECONDS):
                return

    def _look(self) -> int:
        """Report progress; tell how many of the records sent have no outcome yet."""
        with self._database.transaction() as tx:
            settled = outcomes.settled(tx)
        if settled != self._settled:
            self._settled, self._moved_at = settled, time.monotonic()
        self._progress(self._published, settled)
        expected: int = self._account.summary()["records"]
        return expected - settled


def _reckon(hub: Hub, account: Account, seconds: float) -> Result:
    database = hub.database("demo")
    try:
        with database.transaction() as tx:
            differences = account.compare(outcomes.outcomes(tx))
            delays = outcomes.delays(tx)
    finally:
        database.close()
    return Result(account.summary(), hub.ledger(), differences, delays, seconds)
