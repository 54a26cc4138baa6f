"""A worker that does one thing at intervals, and waits out the outages in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from hub.breaker import Breaker, backoff
from schemas.errors import RetryLater, Unavailable

_log = structlog.get_logger()

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 5.0
"""Seconds between two tries while something is down: its end is known that exactly."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Calls ``step`` every ``interval`` seconds until stopped, then ``close``.

    While a dependency is down the rounds are its probe: they come as often as the breaker's
    backoff says, whatever the interval. ``breaker`` tells of the outage.
    """

    name: str
    step: Callable[[], object]
    interval: float
    close: Callable[[], None]
    breaker: Breaker | None = None

    def run(self, stop: threading.Event) -> None:
        """Go round until ``stop`` is set; anything but a passing failure ends it."""
        try:
            while not stop.is_set():
                stop.wait(self._round())
        finally:
            self.close()

    def _round(self) -> float:
        """Go round once; tell how many seconds to wait."""
        try:
            self.step()
        except (RetryLater, Unavailable) as passing:
            _log.warning("round put off", worker=self.name, cause=str(passing))
            if self.breaker is None or not isinstance(passing, Unavailable):
                return self.interval
            return backoff(self.breaker.failed(passing), FIRST_PAUSE, LONGEST_PAUSE)
        if self.breaker is not None:
            self.breaker.succeeded()
        return self.interval
