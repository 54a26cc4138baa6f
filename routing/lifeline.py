"""Keeps a connection alive: an I/O thread that opens link after link, with backoff."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from routing.link import Link, Wanted
from routing.loss import Loss
from schemas.errors import Unavailable

_log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
_CLOSE_SECONDS = 5.0


class Lifeline:
    """A thread with at most one live link; brokers are tried in turn.

    ``brokers`` is asked before each attempt, so that certificates are as their files are then.
    """

    def __init__(self, brokers: Callable[[], Sequence[Any]], wanted: Wanted) -> None:
        self._brokers = brokers
        self._wanted = wanted
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._current: Link | None = None
        self._ready = False
        self._loss = Loss(0, "not connected yet")
        self._thread = threading.Thread(target=self._live, name="amqp", daemon=True)
        self._thread.start()

    def link(self, timeout: float) -> Link:
        """Wait for a usable link; raise why there is none (``Unavailable``, ``Stop``)."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._closing.is_set(), timeout)
            if self._closing.is_set():
                raise Unavailable("broker: the connection was closed here")
            if not self._ready or self._current is None:
                raise self._loss.error()
            return self._current

    def current(self, generation: int) -> Link | None:
        """Name the live link if it is of that generation."""
        with self._changed:
            link = self._current
            return link if link is not None and link.generation == generation else None

    def close(self) -> None:
        """End link and thread; idempotent. A silent broker is not waited for."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
            link = self._current
        if link is not None:
            link.close()
        self._thread.join(_CLOSE_SECONDS)

    def _live(self) -> None:
        generation, failures = 0, 0
        while not self._closing.is_set():
            brokers = self._brokers()
            broker = brokers[generation % len(brokers)]
            generation += 1
            failures = 0 if self._one_life(broker, generation) else failures + 1
            self._closing.wait(_pause(failures))

    def _one_life(self, parameters: Any, generation: int) -> bool:
        """Run a link to its end; tell whether it was ever usable."""
        link = Link(parameters, generation, self._wanted, self._on_ready)
        with self._changed:
            self._current = link
        if self._closing.is_set():
            link.close()
        loss = link.run()
        with self._changed:
            was_ready, self._ready = self._ready, False
            self._current = None
            self._loss = loss
            self._wanted = link.wanted
        if not self._closing.is_set():
            _log.warning("broker connection %d ended: %s", generation, loss.text)
        return was_ready

    def _on_ready(self, link: Link) -> None:
        _log.debug("broker connection %d is up", link.generation)
        with self._changed:
            self._ready = True
            self._changed.notify_all()


def _pause(failures: int) -> float:
    """Seconds before the next attempt, spread so that many processes do not return at once."""
    longest = min(FIRST_PAUSE * 2.0 ** min(failures, 10), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - a spread, not a secret
