"""The poll process: one thread per service, each with connections of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from hub.poll.poller import Poller
from schemas.errors import Unavailable

_log = structlog.get_logger()


@dataclass(frozen=True)
class PollWorker:
    """Runs pollers side by side until stopped; one that must stop stops them all."""

    pollers: Sequence[Poller]

    def run(self, stop: threading.Event) -> None:
        """Poll until ``stop`` is set; raise what made a poller stop, if anything did."""
        failures: list[Exception] = []

        def keep(poller: Poller) -> None:
            try:
                poll_until(stop, poller)
            except Exception as error:  # noqa: BLE001 - carried over to the main thread
                failures.append(error)
                stop.set()

        names = (poller.connector.name for poller in self.pollers)
        threads = [
            threading.Thread(target=keep, args=[poller], name=f"poll-{name}")
            for poller, name in zip(self.pollers, names, strict=True)
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]


def poll_until(stop: threading.Event, poller: Poller) -> None:
    """Read page after page, pausing after the last one and after a failure."""
    try:
        while not stop.is_set():
            if not _more(poller):
                stop.wait(poller.settings.interval_seconds)
    finally:
        poller.close()


def _more(poller: Poller) -> bool:
    try:
        return poller.read_page()
    except Unavailable as outage:
        name = poller.connector.name
        poller.observer.count("poll_failures", ministry=name)
        _log.warning("poll failed", ministry=name, cause=str(outage))
        return False
