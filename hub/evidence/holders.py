"""Who holds a record that is on its way: proof, so that *in flight* is never a subtraction.

A queue is first in, first out. A record handed to it at ``held_since`` is still in it only if
the queue is not empty and its slowest consumer has not yet settled anything newer. The time
before which that can be ruled out is the lane's *horizon*: an open record older than its
horizon has lost its holder, and the relay gives it a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.evidence import workers
from hub.evidence.downtime import register
from hub.store.database import Transaction

ALIVE_FACTOR = 2
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the hub at ``now``: queue depths, watermarks per queue, living kinds.

    ``paused`` are the ministries whose queues nobody takes from, although intake lives.
    """

    now: datetime
    settle: timedelta
    depths: Mapping[str, int]
    watermarks: Mapping[str, datetime]
    alive: frozenset[str]
    paused: frozenset[str] = frozenset()

    def horizon(self, ministry: str, lane: str) -> datetime:
        """Time before which an open record of this ministry and lane can have no holder."""
        still = "intake" not in self.alive or ministry in self.paused
        if still and self.depths.get(f"intake.{ministry}.{lane}", 0):
            return _NEVER
        writer = f"registry.writer.{lane}"
        recent = self.now - self.settle
        if not self.depths.get(writer, 0):
            return recent
        passed = self.watermarks.get(writer)
        return _NEVER if passed is None else min(recent, passed - self.settle)

    def horizons(self, ministries: Iterable[str], lanes: Iterable[str]) -> list[dict[str, object]]:
        """Render all horizons as rows for a statement."""
        lanes = tuple(lanes)
        return [
            {"ministry": ministry, "lane": lane, "before": self.horizon(ministry, lane)}
            for ministry in ministries
            for lane in lanes
        ]


def look(tx: Transaction, depths: Mapping[str, int], settle: timedelta, now: datetime) -> Situation:
    """Take stock; ``depths`` must have been read from the broker before the transaction began.

    A worker counts as living if it was heard of within twice the settle time.
    """
    since = now - ALIVE_FACTOR * settle
    return Situation(
        now,
        settle,
        depths,
        workers.watermarks(tx, since),
        workers.alive(tx, since),
        register.paused(tx, now).ministries,
    )


def queues_of(ministries: Iterable[str], lanes: Iterable[str]) -> list[str]:
    """Name the queues whose depth a situation needs."""
    lanes = tuple(lanes)
    intake = [f"intake.{ministry}.{lane}" for ministry in ministries for lane in lanes]
    return intake + [f"registry.writer.{lane}" for lane in lanes]
