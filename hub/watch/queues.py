"""How full queues are, and how old their oldest message can be at most.

RabbitMQ before 4 does not tell the age of what waits in a quorum queue. What bounds it: a queue is
first in, first out, so that nothing in it is older than what its consumers took last, nor than the
moment at which it was seen empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.store.database import Transaction
from routing.observer import Observer

_OPEN = """
SELECT ministry, lane, min(received_at) AS since FROM evidence.record_log
WHERE state IN ('received', 'retrying') GROUP BY ministry, lane
"""


class Ages:
    """Remembers since when each queue has not been seen empty."""

    def __init__(self) -> None:
        self._waiting_since: dict[str, datetime] = {}
        self._seen_empty: set[str] = set()

    def at(
        self, depths: Mapping[str, int], marks: Mapping[str, datetime], now: datetime
    ) -> dict[str, float]:
        """Bound the age of the oldest message per queue, in seconds; 0 for an empty one.

        ``marks`` tell per queue when the last message that was taken had been published.
        """
        ages: dict[str, float] = {}
        for queue, depth in depths.items():
            if not depth:
                self._seen_empty.add(queue)
                self._waiting_since[queue] = now
                ages[queue] = 0.0
                continue
            since = self._waiting_since.setdefault(queue, now)
            ages[queue] = max((now - max(since, marks.get(queue, since))).total_seconds(), 0.0)
        return ages

    def bounded(self, queue: str) -> bool:
        """Whether the queue was ever seen empty: else its age counts from when it was first seen,
        and what is in it may be older."""
        return queue in self._seen_empty


def measure(observer: Observer, depths: Mapping[str, int], ages: Mapping[str, float]) -> None:
    """Tell depth and age of every queue."""
    for queue, depth in depths.items():
        observer.gauge("queue_depth", depth, queue=queue)
        observer.gauge("queue_oldest_seconds", ages[queue], queue=queue)


def oldest_open(tx: Transaction) -> dict[tuple[str, str], datetime]:
    """Tell per ministry and lane when the oldest record without an outcome was received."""
    return {(row["ministry"], row["lane"]): row["since"] for row in tx.rows(_OPEN)}
