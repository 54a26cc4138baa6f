"""The relay to the Agency's systems: what was committed, in the order of commits, to each alone.

It reads the change feed, never the bus: no system sees what the registry does not hold, and a
crash between commit and publish loses nothing. Each system has its own position, which moves
only after the broker's confirm; a crash in between sends the same changes again, with the ids
they had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from hub.agency import systems
from hub.agency.systems import System
from hub.registry import feed
from hub.registry.feed import Change
from hub.store.database import Database
from routing.bus import Bus, NotConfirmed, Publisher, Unroutable
from routing.keys import DEFAULT, agency_queue
from routing.message import POSITION, PUBLISHED_AT, Message
from routing.observer import Observer
from routing.patterns import matches
from schemas.envelope import CONTENT_TYPE, encode_batch

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AgencyRelay:
    """Serves every system a bounded number of changes per ``step``; any number may run.

    ``most_waiting`` bounds the messages that wait in one system's queue: beyond it the changes
    wait in the database, where they cost nothing more.
    """

    database: Database
    bus: Bus
    publisher: Publisher
    observer: Observer
    batch: int = 250
    batches: int = 40
    most_waiting: int = 1000

    def step(self, now: datetime) -> int:
        """Serve all systems once; return how many changes were looked at.

        Raises ``Unavailable`` where broker or database do not answer. What keeps one system from
        being served (its queue is missing or refuses) does not keep the others.
        """
        with self.database.transaction() as tx:
            names = [row["name"] for row in systems.known(tx)]
            newest = feed.newest(tx)
        depths = self.bus.depths([agency_queue(name) for name in names])
        return sum(self._serve(name, depths.get(agency_queue(name)), newest, now) for name in names)

    def _serve(self, name: str, waiting: int | None, newest: int, now: datetime) -> int:
        if waiting is None:
            return self._held(name, "its queue is missing; `qovsaq agency declare` makes it")
        looked_at = 0
        for sent in range(self.batches):
            if waiting + sent >= self.most_waiting:
                self._held(name, "its queue is full")
                break
            try:
                step = self._serve_batch(name, newest, now)
            except (Unroutable, NotConfirmed) as refused:
                self._held(name, type(refused).__name__)
                break
            looked_at += step
            if step < self.batch:
                self.observer.gauge("agency_held", 0, system=name)
                break
        return looked_at

    def _serve_batch(self, name: str, newest: int, now: datetime) -> int:
        with self.database.transaction() as tx:
            system = systems.take(tx, name)
            changes = feed.read(tx, system.position, self.batch) if system else []
            if system is None or not changes:
                return 0
            wanted = [change for change in changes if _wants(system, change)]
            if wanted:
                self.publisher.publish([_message(name, wanted, now)])
            last = changes[-1].position
            systems.served(tx, name, last, now)
        self.observer.count("agency_sent", len(wanted), system=name)
        self.observer.gauge("agency_behind", max(newest - last, 0), system=name)
        return len(changes)

    def _held(self, name: str, why: str) -> int:
        _log.warning("agency system held", system=name, cause=why)
        self.observer.gauge("agency_held", 1, system=name)
        return 0


def _wants(system: System, change: Change) -> bool:
    return any(matches(pattern, change.key) for pattern in system.patterns)


def _message(name: str, changes: Sequence[Change], now: datetime) -> Message:
    first, last = changes[0].position, changes[-1].position
    return Message(
        exchange=DEFAULT,
        routing_key=agency_queue(name),
        body=encode_batch([change.event for change in changes]),
        message_id=f"changes-{first}-{last}",
        content_type=CONTENT_TYPE,
        headers={PUBLISHED_AT: now.astimezone(UTC).isoformat(), POSITION: str(last)},
        timestamp=now,
    )
