"""What the desk does with deliveries of dead queues; the loop around it is ``hub.hop``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from hub.deadletters import store, sweep
from hub.deadletters.letter import opened, unopened
from hub.evidence import workers
from hub.evidence.claims import Suspects
from hub.evidence.sealing import Keyring
from hub.evidence.workers import Mark
from hub.store.database import Database, Transaction
from routing.message import Delivery
from routing.observer import Observer
from schemas.errors import RetryLater, Stop, Unavailable

_log = structlog.get_logger()
HOP = "desk"


@dataclass(slots=True)
class DeskHandler:
    """Moves dead letters from the broker into the store. What it holds is acknowledged after
    the commit, and a letter that was kept before changes nothing.

    ``settle`` is how long a replay may be without outcome before it is looked into.
    """

    worker_id: str
    database: Database
    observer: Observer
    settle: timedelta = timedelta(seconds=60)
    keyring: Keyring = field(default_factory=Keyring)
    _counted_at: datetime | None = None
    _counts: dict[str, int] = field(default_factory=dict)

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Keep a batch of letters in one transaction."""
        letters = [opened(delivery, now) for delivery in deliveries]
        with self.database.transaction() as tx:
            failed = store.keep(tx, letters, now, self.keyring)
            self._beat(tx, now)
        self.observer.count("dead_letters", failed)

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """Keep one letter whose batch failed; if it cannot be read, keep what it looks like.

        There is no further queue to put it aside in: what cannot be kept stays unacknowledged.
        """
        try:
            self.handle([delivery], now)
        except (Unavailable, Stop):
            raise
        except RetryLater as lost_race:
            # There is no ladder behind the desk: it waits and tries again.
            raise Unavailable(str(lost_race)) from lost_race
        except Exception as error:  # noqa: BLE001 - whatever the reading fails on
            _log.warning("dead letter kept unopened", cause=type(error).__name__)
            self.convict(delivery, now)

    @property
    def suspects(self) -> Suspects:
        """Claims on suspects, by their bodies."""
        return Suspects(self.database, HOP)

    def convict(self, delivery: Delivery, now: datetime) -> None:
        """Keep a letter without opening it: opening it ends the process."""
        with self.database.transaction() as tx:
            store.keep(tx, [unopened(delivery, now)], now, self.keyring)

    def idle(self, now: datetime) -> None:
        """Show that this worker lives; see what became of what was replayed."""
        with self.database.transaction() as tx:
            self._beat(tx, now)
            sweep.follow(tx, now - self.settle, now)
        self._measure(now)

    def close(self) -> None:
        """Close the database connection."""
        self.database.close()

    def _measure(self, now: datetime) -> None:
        """Count what waits, now and then: a million rows are too many for every quiet second."""
        if self._counted_at is not None and now - self._counted_at < self.settle:
            return
        with self.database.transaction() as tx:
            found = sweep.waiting(tx)
        self._counts = dict.fromkeys(self._counts, 0) | found
        self._counted_at = now
        for ministry, count in self._counts.items():
            self.observer.gauge("dead_letters_waiting", count, ministry=ministry)

    def _beat(self, tx: Transaction, now: datetime) -> None:
        workers.beat(tx, HOP, now, Mark(self.worker_id))
