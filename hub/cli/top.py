"""``qovsaq top``: a live view of queues, rates, ages, what is down, and the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from hub import bootstrap
from hub.bootstrap import Hub
from hub.cli.ready import command_settings
from hub.cli.signals import stop_on_signals
from hub.cli.top_shown import Snapshot, render
from hub.evidence import workers
from hub.evidence.downtime import register
from hub.evidence.ledger import Statement
from hub.store.database import Database, Row, Transaction
from hub.watch.queues import Ages
from schemas.errors import HubError


def top(
    interval: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option(help="Look once and end, for scripts.")] = False,
) -> None:
    """Watch the hub at work: queues, rates, ages, what is down, the ledger. Ctrl-C ends it."""
    hub = bootstrap.build(command_settings())
    looks = Looks(hub, hub.database("top"))
    try:
        if once:
            console = Console()
            console.print(render(looks.look(hub.clock()), console.width))
            return
        stop = threading.Event()
        stop_on_signals(stop)
        first = render(looks.look(hub.clock()), Console().width)
        with Live(first, screen=True, auto_refresh=False) as live:
            while not stop.wait(interval):
                shown = render(looks.look(hub.clock()), live.console.width)
                live.update(shown, refresh=True)
    finally:
        looks.database.close()
        hub.bus.close()


@dataclass
class Looks:
    """Look after look; each remembers what the next one's rates and ages need.

    Also the last ledger that could be drawn up, and since when something does not answer.
    """

    hub: Hub
    database: Database
    ages: Ages = field(default_factory=Ages)
    _before: tuple[datetime, Mapping[str, int]] | None = None
    _ledger: Statement | None = None
    _silent: dict[str, datetime] = field(default_factory=dict)

    def look(self, now: datetime) -> Snapshot:
        """Look once, as of ``now`` (aware); what does not answer is named and left out."""
        troubles: dict[str, str] = {}
        queues = [queue.name for queue in self.hub.topology.queues]
        depths: Mapping[str, int] = {}
        marks: Mapping[str, datetime] = {}
        down: list[Row] = []
        ledger: Statement | None = None
        with _noting(troubles):
            depths = self.hub.bus.depths(queues)
        with _noting(troubles):
            marks, down = self._stored(now)
        with _noting(troubles):
            ledger = self.hub.ledger()
        if ledger is not None:
            self._ledger = replace(ledger, at=now)
        ages = self.ages.at(depths, marks, now)
        return Snapshot(
            at=now,
            ledger=self._ledger,
            depths=depths,
            ages={queue: age for queue, age in ages.items() if self.ages.bounded(queue)},
            rates=self._rates(ledger, now),
            down=down,
            troubles=self._since(troubles, now),
        )

    def _since(self, troubles: Mapping[str, str], now: datetime) -> dict[str, datetime]:
        """Add to what does not answer, by name, since which look it has not."""
        self._silent = {name: self._silent.get(name, now) for name in troubles}
        return {text: self._silent[name] for name, text in troubles.items()}

    def _stored(self, now: datetime) -> tuple[dict[str, datetime], list[Row]]:
        with self.database.transaction() as tx:
            return workers.watermarks(tx, now - timedelta(days=1)), _down(tx, now)

    def _rates(self, ledger: Statement | None, now: datetime) -> dict[str, float]:
        if ledger is None:
            return {}
        settled = {line.ministry: sum(line.settled.values()) for line in ledger.lines}
        before, self._before = self._before, (now, settled)
        if before is None or now <= before[0]:
            return {}
        seconds = (now - before[0]).total_seconds()
        return {name: (n - before[1].get(name, 0)) / seconds for name, n in settled.items()}


@contextmanager
def _noting(troubles: dict[str, str]) -> Iterator[None]:
    """Note what does not answer, once by its name, and go on without it."""
    try:
        yield
    except HubError as error:
        text = str(error)
        troubles[text.partition(":")[0]] = text


def _down(tx: Transaction, now: datetime) -> list[Row]:
    """What the register says is down now."""
    return register.entries(tx, now, now + timedelta(microseconds=1))
