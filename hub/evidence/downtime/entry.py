"""What was down, as values, and how what several workers saw becomes one entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.store.database import Row

APART = timedelta(seconds=30)
"""Outages of one component that are nearer to each other than this are one."""

_SERVICE = re.compile(r"service of (\w+)")


@dataclass(frozen=True, slots=True)
class Outage:
    """A component that did not answer; ``source`` is who is affected, empty for everybody.

    Times are aware. ``ended`` is None while it lasts. It is ``lost`` where whoever saw it begin is
    gone and cannot see it end.
    """

    component: str
    source: str
    began: datetime
    ended: datetime | None
    cause: str
    lost: bool = False

    def touches(self, other: Outage) -> bool:
        """Whether both are one outage of one thing; ``other`` did not begin earlier."""
        same = (self.component, self.source) == (other.component, other.source)
        return same and (self.ended is None or other.began <= self.ended + APART)


def seen(row: Row, alive: Iterable[str], heard_until: datetime) -> Outage:
    """Read one outage as one worker saw it (a row of ``OutageLog.since``).

    A worker that is not among ``alive`` and saw it begin before ``heard_until`` is gone.
    """
    service = _SERVICE.fullmatch(row["dependency"])
    old = row["up_since"] is None and row["down_since"] < heard_until
    return Outage(
        component="service" if service else row["dependency"],
        source=service[1] if service else "",
        began=row["down_since"],
        ended=row["up_since"],
        cause=row["cause"],
        lost=old and _is_process(row["worker_id"]) and not _lives(row["worker_id"], alive),
    )


def _is_process(worker_id: str) -> bool:
    """Whether it names one process: that of all pollers is the same for all."""
    return "@" in worker_id


def _lives(worker_id: str, alive: Iterable[str]) -> bool:
    return any(name.startswith(worker_id) for name in alive)


def merged(outages: Iterable[Outage]) -> list[Outage]:
    """Make one of what several workers saw of one outage: from the first failure to the last.

    What a lost worker saw ends with the others of its outage, if there are any.
    """
    together: list[Outage] = []
    order = sorted(outages, key=lambda each: (each.component, each.source, each.began))
    for outage in order:
        if together and together[-1].touches(outage):
            together[-1] = _union(together[-1], outage)
        else:
            together.append(outage)
    return together


def _union(one: Outage, other: Outage) -> Outage:
    certain = [each for each in (one, other) if not each.lost]
    if len(certain) == 1:
        return replace(one, ended=certain[0].ended, lost=False)
    ends = [each.ended for each in (one, other)]
    return replace(one, ended=None if None in ends else max(end for end in ends if end))


def down(entries: Sequence[Row], source: str, begin: datetime, end: datetime) -> timedelta:
    """Add up how long a source was affected between two moments, overlaps counted once.

    ``entries`` have component, source, began_at and ended_at; one without end lasts until ``end``.
    """
    spans = sorted(
        (max(row["began_at"], begin), min(row["ended_at"] or end, end))
        for row in entries
        if row["source"] in ("", source)
    )
    total, reached = timedelta(), begin
    for first, last in spans:
        total += max(last - max(first, reached), timedelta())
        reached = max(reached, last)
    return total
