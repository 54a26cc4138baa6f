"""The outage guard, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.breaker import Breaker, BreakerEvent, Turn
from hub.metrics import Metrics
from schemas.errors import Slow, Unavailable

START = datetime(2026, 3, 2, tzinfo=UTC)
DOWN = Unavailable("database: connection refused")


class Bench:
    """A breaker that opens at the third failure; each step takes a second."""

    def __init__(self) -> None:
        self.now = START
        self.metrics = Metrics()
        self.kept: list[BreakerEvent] = []
        self.reachable = True
        self.breaker = Breaker(
            "intake",
            opens_at=3,
            clock=lambda: self.now,
            observer=self.metrics,
            keep=self._keep,
        )

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(DOWN)
            self.now += timedelta(seconds=1)

    def _keep(self, events: Sequence[BreakerEvent]) -> None:
        if not self.reachable:
            raise DOWN
        self.kept += events


def test_it_opens_at_the_nth_failure_in_a_row_and_closes_at_the_first_success() -> None:
    bench = Bench()
    states = []
    for _ in range(3):
        bench.fail()
        states.append(bench.breaker.open)
    bench.breaker.succeeded()
    states.append(bench.breaker.open)
    assert states == [False, False, True, False]


def test_failures_with_successes_between_them_are_no_outage() -> None:
    bench = Bench()
    for _ in range(5):
        bench.fail(2)
        bench.breaker.succeeded()
    assert bench.kept == []


def test_an_outage_is_two_events_dated_from_the_first_failure_to_the_first_success() -> None:
    bench = Bench()
    bench.fail(5)
    bench.breaker.succeeded()
    opened, closed = bench.kept
    cause = "database: connection refused"
    assert opened == BreakerEvent("intake", Turn.OPENED, START, "database", cause)
    end = START + timedelta(seconds=5)
    assert closed == BreakerEvent("intake", Turn.CLOSED, end, "database", cause)


def test_events_that_cannot_be_kept_yet_are_kept_once_they_can() -> None:
    bench = Bench()
    bench.reachable = False
    bench.fail(4)
    bench.breaker.succeeded()
    assert bench.kept == []
    bench.reachable = True
    bench.breaker.succeeded()
    bench.breaker.succeeded()
    assert [event.turn for event in bench.kept] == [Turn.OPENED, Turn.CLOSED]


def test_an_outage_is_counted_once_under_what_was_down() -> None:
    bench = Bench()
    bench.fail(10)
    line = b'qovsaq_breaker_opened_total{dependency="database",hop="intake"} 1.0'
    assert line in bench.metrics.expose()


def test_whether_it_is_open_is_a_level_of_its_own() -> None:
    bench = Bench()
    bench.fail(3)
    assert b'qovsaq_breaker_open{dependency="database",hop="intake"} 1.0' in bench.metrics.expose()
    bench.breaker.succeeded()
    assert b'qovsaq_breaker_open{dependency="database",hop="intake"} 0.0' in bench.metrics.expose()


def test_what_is_slow_is_measured_and_is_no_outage() -> None:
    bench = Bench()
    bench.fail(2)
    for _ in range(5):
        bench.breaker.failed(Slow("broker: no answer in time; it is slow, not down"))
    states = [bench.breaker.open]
    line = b'qovsaq_dependency_slow_total{dependency="broker",hop="intake"} 5.0'
    assert line in bench.metrics.expose()
    bench.fail()
    states.append(bench.breaker.open)
    bench.breaker.failed(Slow("broker: no answer in time; it is slow, not down"))
    states.append(bench.breaker.open)
    assert states == [False, True, True]
