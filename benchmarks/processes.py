"""What processes cost: their CPU time and their largest memory, read from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_PARENT, _UTIME, _CSTIME = 1, 11, 14  # proc(5), counted from the state


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and of their children that have ended."""
    return sum(sum(_stat(pid)[_UTIME : _CSTIME + 1]) for pid in pids) / _TICK


def peak_rss_mb(pids: Iterable[int]) -> float:
    """The largest resident memory that one of these processes ever had, in MB of 10^6 bytes."""
    return max((_status(pid, "VmHWM") for pid in pids), default=0) * 1024 / 1e6


def family(root: int) -> set[int]:
    """A process with all its descendants."""
    parents: dict[int, list[int]] = {}
    for pid in everybody():
        parents.setdefault(_stat(pid)[_PARENT], []).append(pid)
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += parents.get(pid, [])
    return found


def parent(pid: int) -> int:
    """The process that started it."""
    return _stat(pid)[_PARENT]


def everybody() -> list[int]:
    """Every process there is."""
    return [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]


def machine_busy_seconds() -> float:
    """CPU time that anything on the machine has used since it was started."""
    user, nice, system, _idle, _wait, irq, soft, *_ = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + soft) / _TICK


def _stat(pid: int) -> list[int]:
    """The fields behind the name, as numbers; zeros where the process has gone."""
    fields = _text(pid, "stat").rpartition(")")[2].split()
    return [0, *map(int, fields[1:20])] if fields else [0] * 20


def _status(pid: int, key: str) -> int:
    for line in _text(pid, "status").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    return 0


def _text(pid: int, file: str) -> str:
    try:
        return (_PROC / str(pid) / file).read_text()
    except OSError:
        return ""
