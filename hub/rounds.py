"""A worker that does one thing at intervals, and waits out the outages in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from schemas.errors import RetryLater, Unavailable

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rounds:
    """Calls ``step`` every ``interval`` seconds until stopped, then ``close``."""

    name: str
    step: Callable[[], object]
    interval: float
    close: Callable[[], None]

    def run(self, stop: threading.Event) -> None:
        """Go round until ``stop`` is set; anything but a passing failure ends it."""
        try:
            while not stop.is_set():
                try:
                    self.step()
                except (RetryLater, Unavailable) as passing:
                    _log.warning("round put off", worker=self.name, cause=str(passing))
                stop.wait(self.interval)
        finally:
            self.close()
