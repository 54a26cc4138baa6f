"""The sealer: closes committed rows into links, without ever holding anybody up.

Rows are numbered when they are inserted and become visible when they are committed, in another
order. A number may be closed once nothing can appear below it any more. Whoever has drawn a number
holds a lock on the table until its transaction ends. So the sealer notes the highest visible
number, then who holds that lock, and closes through the number once all of those are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.evidence.chain import links
from hub.evidence.chain.streams import STREAMS, first_open_of, newest_of, packed_of
from hub.store.database import Database, Transaction
from routing.observer import Observer

MOST_ROWS = 10_000
"""Rows that one link closes at most."""

_ONLY_ONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('evidence.chain', 0)) AS mine"
_HOLDERS = """
SELECT virtualtransaction AS holder FROM pg_locks
WHERE locktype = 'relation' AND relation = (%s || '.' || %s)::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock'
"""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A number, and the transactions that may still commit something below it."""

    number: int
    holders: frozenset[str]


@dataclass(slots=True)
class Sealer:
    """One pass is ``step``. Several may run: all but one of them find nothing to do."""

    database: Database
    observer: Observer
    most_rows: int = MOST_ROWS
    _marks: dict[str, _Mark] = field(default_factory=dict)

    def step(self, now: datetime) -> int:
        """Close what can be closed; return how many links were added."""
        with self.database.transaction() as tx:
            ripe = {name: self._ripe(tx, name) for name in STREAMS}
        added = 0
        for name, through in ripe.items():
            while self._seal(name, through, now):
                added += 1
        self._measure(now)
        return added

    def close(self) -> None:
        """Close the database connection."""
        self.database.close()

    def _ripe(self, tx: Transaction, stream: str) -> int:
        """Tell the number through which nothing can appear any more; 0 while that is not known."""
        # The order matters: who drew a lower number than this one holds the lock by now.
        (newest,) = tx.rows(newest_of(stream))
        number = newest["number"] or 0
        holders = frozenset(row["holder"] for row in tx.rows(_HOLDERS, list(STREAMS[stream].table)))
        if not holders:
            self._marks.pop(stream, None)
            return number
        mark = self._marks.get(stream)
        if mark and mark.holders & holders:
            return 0
        self._marks[stream] = _Mark(number, holders)
        return mark.number if mark else 0

    def _seal(self, stream: str, through: int, now: datetime) -> bool:
        """Add one link, in a transaction of its own; False where nothing was left to close."""
        with self.database.transaction() as tx:
            (lock,) = tx.rows(_ONLY_ONE)
            if not lock["mine"]:
                return False
            after = links.sealed_through(tx, stream)
            params = {"after": after, "through": through, "most": self.most_rows}
            (packed,) = tx.rows(packed_of(stream), params)
            if not packed["rows"]:
                return False
            last = packed["last"] if packed["rows"] == self.most_rows else through
            links.forge(tx, stream, (after, last), bytes(packed["leaves"]), now)
        return True

    def _measure(self, now: datetime) -> None:
        with self.database.transaction() as tx:
            for name in STREAMS:
                first = tx.rows(first_open_of(name), [links.sealed_through(tx, name)])
                age = (now - first[0]["at"]).total_seconds() if first else 0.0
                self.observer.gauge("audit_unsealed_seconds", max(age, 0.0), stream=name)
