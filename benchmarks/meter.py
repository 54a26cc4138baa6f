"""Measuring a stretch of time: seconds, and what each group of processes used meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import processes

Group = Callable[[], set[int]]
"""The processes of a group as of now; they may come and go."""


@dataclass(frozen=True, slots=True)
class Usage:
    """``cpu`` seconds per group over ``seconds``; ``other`` is what strangers used, in cores."""

    seconds: float
    cpu: Mapping[str, float]
    other: float

    def per_record(self, records: int) -> dict[str, float]:
        """Microseconds of CPU for each record, by group, and ``all`` of them."""
        each = {name: round(spent / records * 1e6, 1) for name, spent in self.cpu.items()}
        return each | {"all": round(sum(self.cpu.values()) / records * 1e6, 1)}


class Meter:
    """Runs from when it is made; ``stop`` reads it, any number of times."""

    def __init__(self, groups: Mapping[str, Group]) -> None:
        self._groups = groups
        self._before = self._spent()
        self._busy = processes.machine_busy_seconds()
        self._began = time.monotonic()

    def stop(self) -> Usage:
        """Tell what was used since."""
        seconds = time.monotonic() - self._began
        busy = processes.machine_busy_seconds() - self._busy
        cpu = {name: max(0.0, now - self._before[name]) for name, now in self._spent().items()}
        return Usage(seconds, cpu, round(max(0.0, busy - sum(cpu.values())) / seconds, 2))

    def _spent(self) -> dict[str, float]:
        return {name: processes.cpu_seconds(pids()) for name, pids in self._groups.items()}
