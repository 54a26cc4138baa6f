"""The poll process: one thread per service, each with connections of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from hub.breaker import Breaker
from hub.crew import at_work
from hub.evidence.outages import OutageLog
from hub.poll.poller import Poller
from schemas.errors import RetryLater, Unavailable

_log = structlog.get_logger()

_OPENS_AT = 3


@dataclass(frozen=True)
class PollWorker:
    """Runs pollers side by side until stopped."""

    pollers: Sequence[Poller]

    def run(self, stop: threading.Event) -> None:
        """Poll until ``stop`` is set; raise what made a poller stop, if anything did."""
        polling = {_name(poller): _Polling(poller, _breaker(poller)) for poller in self.pollers}
        with at_work(polling, stop):
            stop.wait()


@dataclass(frozen=True)
class _Polling:
    """Page after page of one service, with a pause after the last one and after a failure."""

    poller: Poller
    breaker: Breaker

    def run(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                if not self._read_page():
                    stop.wait(self.poller.settings.interval_seconds)
        finally:
            self.poller.close()

    def _read_page(self) -> bool:
        try:
            more = self.poller.read_page()
        except (RetryLater, Unavailable) as outage:
            ministry = self.poller.connector.name
            self.poller.observer.count("poll_failures", ministry=ministry)
            _log.warning("poll failed", ministry=ministry, cause=str(outage))
            if isinstance(outage, Unavailable):
                self.breaker.failed(outage)
            return False
        self.breaker.succeeded()
        return more


def _name(poller: Poller) -> str:
    return f"poll {poller.connector.name}"


def _breaker(poller: Poller) -> Breaker:
    """Make the breaker of a service. There is nothing to hold: the interval is its probe."""
    return Breaker(
        _name(poller),
        opens_at=_OPENS_AT,
        clock=poller.clock,
        observer=poller.observer,
        keep=OutageLog(poller.database, "poll").keep,
    )
