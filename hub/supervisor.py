"""``run all``: one process of each kind, restarted when it dies, stopped together.

A child that ends because its environment is broken (statuses 2 and 3) would end the same way
again: then everything stops, loudly. Any other end is taken for an accident and repaired, with a
pause that doubles for as long as the child does not stay up.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

_log = structlog.get_logger()

HOPELESS = (2, 3)
KILLED = 1


class Process(Protocol):
    """What is used of ``subprocess.Popen``."""

    def poll(self) -> int | None:
        """Give the exit status, None while running."""
        ...

    def terminate(self) -> None:
        """Ask for a clean stop (SIGTERM)."""
        ...

    def kill(self) -> None:
        """End at once (SIGKILL)."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Waiting times in seconds: before restarts, until a child counts as up, for a clean end."""

    first_pause: float = 0.5
    longest_pause: float = 30.0
    stable_after: float = 60.0
    grace: float = 20.0


@dataclass
class _Child:
    command: Sequence[str]
    process: Process
    started: float
    failures: int = 0
    restart_at: float | None = None


def spawn(command: Sequence[str]) -> Process:
    """Start a child that ends by itself when this process is gone: its standard input closes."""
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own commands


@dataclass
class Supervisor:
    """Keeps one process per named command alive."""

    commands: Mapping[str, Sequence[str]]
    patience: Patience = Patience()
    start: Callable[[Sequence[str]], Process] = spawn
    _children: dict[str, _Child] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> int:
        """Supervise until ``stop`` is set or a child is hopeless; return the exit status."""
        status = 0
        while not status and not stop.wait(0.1):
            status = self.step(time.monotonic())
        return self.stop_all() or status

    def step(self, now: float) -> int:
        """Start what is not running and due; return the status of a hopeless child, else 0.

        ``now`` is a monotonic time in seconds.
        """
        for name, command in self.commands.items():
            child = self._children.get(name)
            if child is None:
                self._children[name] = _Child(command, self.start(command), now)
                continue
            status = child.process.poll()
            if status in HOPELESS:
                _log.error("child cannot run here", kind=name, status=status)
                return status
            if status is not None:
                self._restart(name, child, status, now)
        return 0

    def stop_all(self) -> int:
        """Stop every child; return 0, or 1 if one had to be killed."""
        living = [child for child in self._children.values() if child.process.poll() is None]
        for child in living:
            child.process.terminate()
        deadline = time.monotonic() + self.patience.grace
        while _running(living) and time.monotonic() < deadline:
            time.sleep(0.05)
        late = _running(living)
        for child in late:
            _log.error("child did not stop in time", command=child.command[-1])
            child.process.kill()
        return KILLED if late else 0

    def _restart(self, name: str, child: _Child, status: int, now: float) -> None:
        if child.restart_at is None:
            stable = now - child.started >= self.patience.stable_after
            child.failures = 1 if stable else child.failures + 1
            pause = self.patience.first_pause * 2 ** min(child.failures - 1, 10)
            child.restart_at = now + min(pause, self.patience.longest_pause)
            _log.warning("child ended", kind=name, status=status, failures=child.failures)
        if now >= child.restart_at:
            child.process, child.started, child.restart_at = self.start(child.command), now, None


def _running(children: Sequence[_Child]) -> list[_Child]:
    return [child for child in children if child.process.poll() is None]
