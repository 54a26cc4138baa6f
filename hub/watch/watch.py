"""The watch: one process of the deployment tells what is the same for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hub.evidence import backups, ledger, pages, workers
from hub.metrics import Metrics
from hub.pacing import Pacing
from hub.store.database import Database
from hub.watch import certificates, queues
from hub.watch.calendar import Calendar, silent
from hub.watch.feeds import Feeds
from hub.watch.leader import Leadership
from hub.watch.outages import Keeper
from hub.watch.queues import Ages
from routing.bus import Bus

_SERVER = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
    current_setting('max_connections')::integer AS most,
    pg_database_size(current_database()) AS bytes
"""
_LONG_AGO = timedelta(days=1)


@dataclass(frozen=True)
class Watch:
    """One look at everything is ``step``; only the leader among the watches looks.

    The ledger counts every record there is: ``books`` says how much of the time that may take.
    """

    database: Database
    bus: Bus
    observer: Metrics
    ministries: Sequence[str]
    lanes: Sequence[str]
    watched: Sequence[str]
    settle: timedelta
    relay_limit: int
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    certificates: Mapping[str, Path] = field(default_factory=dict)
    leadership: Leadership | None = None
    feeds: Feeds = field(default_factory=Feeds)
    ages: Ages = field(default_factory=Ages)
    windows: set[tuple[str, str]] = field(default_factory=set)
    books: Pacing = field(default_factory=Pacing)

    @property
    def keeper(self) -> Keeper:
        """Who keeps the downtime register."""
        return Keeper(self.database, self.observer, self.settle, self.windows)

    def step(self, now: datetime) -> bool:
        """Look at everything as of ``now`` (aware), if we lead; tell whether we do.

        Raises ``Unavailable`` where broker or database do not answer.
        """
        if self.leadership is not None and not self.leadership.held():
            self.observer.abdicate()
            self.observer.gauge("leader", 0)
            return False
        self.observer.gauge("leader", 1)
        self._certificates()
        quiet, last = self._feeds(now)
        self.keeper.tend(quiet, last, now)
        self._server()
        self.books.look(lambda: self._ledger(now))
        self._queues(now)
        return True

    def _certificates(self) -> None:
        for name, path in self.certificates.items():
            end = certificates.expires(path)
            if end is not None:
                self.observer.gauge("certificate_expires", end.timestamp(), certificate=name)

    def _feeds(self, now: datetime) -> tuple[list[str], dict[str, datetime]]:
        with self.database.transaction() as tx:
            last = self.feeds.look(tx)
        quiet: list[str] = []
        for name in self.ministries:
            if name in last:
                age = max((now - last[name]).total_seconds(), 0.0)
                self.observer.gauge("freshness_seconds", age, ministry=name)
            if name in self.calendars:
                is_silent = silent(self.calendars[name], last.get(name), now)
                self.observer.gauge("silent_feed", is_silent, ministry=name)
                quiet += [name] * is_silent
        return quiet, last

    def _server(self) -> None:
        with self.database.transaction() as tx:
            (row,) = tx.rows(_SERVER)
            backed_up = backups.latest(tx)
        self.observer.gauge("database_connections", row["used"])
        self.observer.gauge("database_connections_limit", row["most"])
        self.observer.gauge("database_bytes", row["bytes"])
        if backed_up is not None:
            self.observer.gauge("backup_completed_timestamp_seconds", backed_up.timestamp())

    def _ledger(self, now: datetime) -> None:
        pages.close(self.database)
        statement = ledger.draw_up(
            self.database,
            self.bus,
            self.ministries,
            self.lanes,
            settle=self.settle,
            relay_limit=self.relay_limit,
            now=now,
        )
        for line in statement.lines:
            self.observer.gauge("unaccounted", line.unaccounted, ministry=line.ministry)
            self.observer.gauge("in_flight", line.in_flight, ministry=line.ministry)

    def _queues(self, now: datetime) -> None:
        depths = self.bus.depths(self.watched)
        with self.database.transaction() as tx:
            marks = workers.watermarks(tx, now - _LONG_AGO)
            oldest = queues.oldest_open(tx)
        queues.measure(self.observer, depths, self.ages.at(depths, marks, now))
        for name in self.ministries:
            for lane in self.lanes:
                age = (now - oldest.get((name, lane), now)).total_seconds()
                self.observer.gauge("oldest_open_seconds", max(age, 0.0), ministry=name, lane=lane)
