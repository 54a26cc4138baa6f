"""Rounds and outages: the same breaker as that of the hops, and rounds that are its probe."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from hub.breaker import Breaker, BreakerEvent, Turn
from hub.metrics import Metrics
from hub.rounds import Rounds
from schemas.errors import RetryLater, Slow, Unavailable

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DOWN = Unavailable("database: connection refused")
INTERVAL = 300.0


class Ending(threading.Event):
    """Lets no time pass, notes what was asked for, and is set after so many rounds."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._rounds = rounds
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) == self._rounds:
            self.set()
        return self.is_set()


class Bench:
    """A worker whose rounds end as is written."""

    def __init__(self, *ends: Exception | None) -> None:
        self.stop = Ending(len(ends))
        self.metrics = Metrics()
        self.kept: list[BreakerEvent] = []
        self._ends = iter(ends)
        breaker = Breaker(
            "relay", opens_at=3, clock=lambda: NOW, observer=self.metrics, keep=self._keep
        )
        Rounds("relay", self._step, INTERVAL, lambda: None, breaker).run(self.stop)

    def _step(self) -> None:
        end = next(self._ends)
        if end is not None:
            raise end

    def _keep(self, events: Sequence[BreakerEvent]) -> None:
        self.kept += events


def test_an_outage_opens_the_breaker_and_its_end_closes_it() -> None:
    bench = Bench(None, DOWN, DOWN, DOWN, DOWN, None)
    assert [(each.hop, each.turn, each.dependency) for each in bench.kept] == [
        ("relay", Turn.OPENED, "database"),
        ("relay", Turn.CLOSED, "database"),
    ]
    exposed = bench.metrics.expose()
    assert b'qovsaq_breaker_opened_total{dependency="database",hop="relay"} 1.0' in exposed
    assert b'qovsaq_breaker_open{dependency="database",hop="relay"} 0.0' in exposed


def test_rounds_come_with_backoff_while_something_is_down_and_never_slower_than_its_limit() -> None:
    bench = Bench(None, *[DOWN] * 5, None)
    assert bench.stop.waited == [INTERVAL, 1, 2, 4, 5, 5, INTERVAL]


def test_two_failures_a_lost_race_and_slowness_are_no_outage() -> None:
    bench = Bench(DOWN, DOWN, None, RetryLater("lock"), *[Slow("broker: busy")] * 5)
    assert bench.kept == []
    assert bench.stop.waited == [1, 2, INTERVAL, INTERVAL, *[1] * 5]
