"""``qovsaq top``: a live view of queues, rates, ages, what is down, and the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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
            Console().print(render(looks.look(hub.clock())))
            return
        stop = threading.Event()
        stop_on_signals(stop)
        with Live(render(looks.look(hub.clock())), screen=True, auto_refresh=False) as live:
            while not stop.wait(interval):
                live.update(render(looks.look(hub.clock())), refresh=True)
    finally:
        looks.database.close()
        hub.bus.close()


@dataclass
class Looks:
    """Look after look; each remembers what the next one's rates and ages need."""

    hub: Hub
    database: Database
    ages: Ages = field(default_factory=Ages)
    _before: tuple[datetime, Mapping[str, int]] | None = None

    def look(self, now: datetime) -> Snapshot:
        """Look once, as of ``now`` (aware); what does not answer is named and left out."""
        troubles: dict[str, None] = {}
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
        return Snapshot(
            at=now,
            ledger=ledger,
            depths=depths,
            ages=self.ages.at(depths, marks, now),
            rates=self._rates(ledger, now),
            down=down,
            troubles=list(troubles),
        )

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
def _noting(troubles: dict[str, None]) -> Iterator[None]:
    """Note what does not answer, once, and go on without it."""
    try:
        yield
    except HubError as error:
        troubles[str(error)] = None


def _down(tx: Transaction, now: datetime) -> list[Row]:
    """What the register says is down now."""
    return register.entries(tx, now, now + timedelta(microseconds=1))
