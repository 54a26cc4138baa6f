"""Keeps the downtime register: what breakers saw, feeds that are silent, windows announced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.evidence import workers
from hub.evidence.downtime import entry, register
from hub.evidence.downtime.entry import Outage
from hub.evidence.downtime.register import Kind
from hub.evidence.outages import OutageLog
from hub.metrics import Metrics
from hub.store.database import Database, Row, Transaction

FEED = "feed"
_LOOKED_BACK = timedelta(days=7)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Keeper:
    """One pass is ``tend``: entries open and close by themselves; the same again is nothing."""

    database: Database
    observer: Metrics
    settle: timedelta
    told: set[tuple[str, str]] = field(default_factory=set)

    def tend(self, silent: Iterable[str], last: Mapping[str, datetime], now: datetime) -> None:
        """Bring the register up to ``now`` (aware).

        ``silent`` are the ministries that should have sent; ``last`` tells when each was heard.
        """
        outages = self._seen(now)
        with self.database.transaction() as tx:
            for outage in outages:
                register.note(tx, outage, "breaker", now)
            self._feeds(tx, set(silent), last, now)
            windows = register.current(tx, now)
        self._tell(windows, now)

    def _tell(self, windows: Iterable[Row], now: datetime) -> None:
        """Tell the alerts how long to be silent; what was ended early ends here and now."""
        until = {
            (row["component"], row["source"]): row["ended_at"].timestamp()
            if row["ended_at"]
            else float("inf")
            for row in sorted(windows, key=lambda row: row["ended_at"] or _FOR_EVER)
        }
        for component, source in self.told - until.keys():
            until[component, source] = now.timestamp()
        self.told.update(until)
        for (component, source), end in until.items():
            self.observer.gauge("planned_downtime_until", end, component=component, source=source)

    def _seen(self, now: datetime) -> list[Outage]:
        rows = OutageLog(self.database, "").since(now - _LOOKED_BACK)
        with self.database.transaction() as tx:
            alive = workers.names(tx, now - 2 * self.settle)
        heard_until = now - 10 * self.settle
        return entry.merged(entry.seen(row, alive, heard_until) for row in rows)

    def _feeds(
        self, tx: Transaction, silent: set[str], last: Mapping[str, datetime], now: datetime
    ) -> None:
        for name in silent:
            if not register.is_open(tx, FEED, name) and not register.held(tx, name, now):
                cause = "nothing came although its calendar expects it"
                register.note(tx, Outage(FEED, name, now, None, cause), "calendar", now)
        for name, heard in last.items():
            if name not in silent:
                register.close(tx, Kind.OUTAGE, FEED, name, heard)
