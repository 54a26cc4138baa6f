"""The outage guard: consecutive failures of what a worker depends on, and what they amount to.

A worker whose breaker is open holds: it takes nothing, counts no attempt, and tries what it has
in hand again, which is the probe. Both turns are events: logged, measured, and kept as soon as
there is somewhere to keep them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from routing.observer import Observer
from schemas.errors import RetryLater, Slow, Unavailable

_log = structlog.get_logger()


class Turn(StrEnum):
    """What happened to a breaker."""

    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BreakerEvent:
    """A breaker opened or closed. ``at`` (aware): the first failure, or the first success after.

    ``dependency`` is ``database``, ``broker`` or whatever else did not answer.
    """

    hop: str
    turn: Turn
    at: datetime
    dependency: str
    cause: str


Keep = Callable[[Sequence[BreakerEvent]], None]
"""Keeps events durably, the same ones again too; raises ``Unavailable`` or ``RetryLater``."""


def backoff(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from ``first``."""
    return min(first * 2.0 ** min(failures - 1, 10), longest)


class Breaker:
    """Opens at the ``opens_at``-th failure in a row, closes at the first success."""

    def __init__(
        self,
        hop: str,
        *,
        opens_at: int,
        clock: Callable[[], datetime],
        observer: Observer,
        keep: Keep = lambda _: None,
    ) -> None:
        self._hop = hop
        self._opens_at = opens_at
        self._clock = clock
        self._observer = observer
        self._keep = keep
        self._failures = 0
        self._down_since: datetime | None = None
        self._opened: BreakerEvent | None = None
        self._kept_not_yet: list[BreakerEvent] = []

    @property
    def open(self) -> bool:
        """Whether the worker holds."""
        return self._opened is not None

    def failed(self, outage: Unavailable) -> int:
        """Count a failure; return how many there were in a row, at least one.

        What answers slowly is not down: it is measured, opens nothing and closes nothing.
        """
        if isinstance(outage, Slow):
            dependency = str(outage).partition(":")[0]
            self._observer.count("dependency_slow", hop=self._hop, dependency=dependency)
            return max(self._failures, 1)
        self._failures += 1
        self._down_since = self._down_since or self._clock()
        if self._failures >= self._opens_at and self._opened is None:
            dependency = str(outage).partition(":")[0]
            self._opened = BreakerEvent(
                self._hop, Turn.OPENED, self._down_since, dependency, str(outage)
            )
            self._tell(self._opened)
            self._observer.count("breaker_opened", hop=self._hop, dependency=dependency)
            self._observer.gauge("breaker_open", 1, hop=self._hop, dependency=dependency)
        self._keep_what_can_be()
        return self._failures

    def succeeded(self) -> None:
        """Note that everything answered."""
        if self._opened is not None:
            dependency, cause = self._opened.dependency, self._opened.cause
            self._opened = None
            self._observer.gauge("breaker_open", 0, hop=self._hop, dependency=dependency)
            self._tell(BreakerEvent(self._hop, Turn.CLOSED, self._clock(), dependency, cause))
        self._failures, self._down_since = 0, None
        self._keep_what_can_be()

    def _tell(self, event: BreakerEvent) -> None:
        self._kept_not_yet.append(event)
        _log.warning(
            f"breaker {event.turn}",
            hop=event.hop,
            dependency=event.dependency,
            at=event.at.isoformat(),
        )

    def _keep_what_can_be(self) -> None:
        if not self._kept_not_yet:
            return
        with contextlib.suppress(Unavailable, RetryLater):
            self._keep(self._kept_not_yet)
            self._kept_not_yet.clear()
