from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from hub.crew import Crew, at_work
from hub.rounds import Rounds
from schemas.errors import RetryLater, Stop, Unavailable


@dataclass
class Idler:
    """Waits for the end and remembers that it came."""

    ended: bool = False

    def run(self, stop: threading.Event) -> None:
        stop.wait()
        self.ended = True


@dataclass
class Failing:
    """Fails at once."""

    error: Exception

    def run(self, stop: threading.Event) -> None:
        raise self.error


def test_workers_are_stopped_at_the_end_of_the_block() -> None:
    one, other = Idler(), Idler()
    with at_work({"one": one, "other": other}, threading.Event()):
        before = one.ended
    assert (before, one.ended, other.ended) == (False, True, True)


def test_a_worker_that_fails_stops_the_others_and_its_error_comes_out() -> None:
    idler, stop = Idler(), threading.Event()
    with (
        pytest.raises(Stop, match="no schema"),
        at_work({"idler": idler, "failing": Failing(Stop("no schema"))}, stop),
    ):
        stop.wait()
    assert idler.ended


def test_an_error_of_the_block_itself_comes_out_after_all_have_stopped() -> None:
    idler = Idler()
    with pytest.raises(KeyError), at_work({"idler": idler}, threading.Event()):
        raise KeyError
    assert idler.ended


@dataclass
class Script:
    """A step that does what is written, then sets ``stop``."""

    stop: threading.Event
    errors: list[Exception]
    calls: int = 0
    closed: int = field(default=0)

    def step(self) -> None:
        self.calls += 1
        if not self.errors:
            self.stop.set()
            return
        raise self.errors.pop(0)

    def close(self) -> None:
        self.closed += 1


def test_rounds_go_on_through_passing_failures_and_close_at_the_end() -> None:
    stop = threading.Event()
    script = Script(stop, [Unavailable("broker"), RetryLater("lock")])
    Rounds("relay", script.step, 0, script.close).run(stop)
    assert (script.calls, script.closed) == (3, 1)


def test_rounds_end_when_the_environment_is_broken() -> None:
    script = Script(threading.Event(), [Stop("no table")])
    with pytest.raises(Stop):
        Rounds("relay", script.step, 0, script.close).run(script.stop)
    assert script.closed == 1


def test_a_crew_is_a_worker_made_of_others() -> None:
    idler, stop = Idler(), threading.Event()
    stop.set()
    Crew({"one": idler}).run(stop)
    assert idler.ended


def test_a_crew_ends_with_the_failure_of_one_of_its_workers() -> None:
    idler = Idler()
    with pytest.raises(Stop, match="gone"):
        Crew({"one": idler, "other": Failing(Stop("gone"))}).run(threading.Event())
    assert idler.ended
