"""What reads whole tables has a share of the time, however large they become."""

from __future__ import annotations

import pytest

from hub.pacing import Pacing


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def looks(asked_every: float, takes: float, until: float) -> list[float]:
    """When it was looked, of what is asked for so often."""
    clock, seen = Clock(), []
    pacing = Pacing(seconds=lambda: clock.now)

    def look() -> None:
        seen.append(clock.now)
        clock.pass_by(takes)

    while clock.now < until:
        pacing.look(look)
        clock.pass_by(asked_every)
    return seen


def test_a_slight_look_is_taken_whenever_it_is_asked_for() -> None:
    assert looks(asked_every=1, takes=0.5, until=6) == [0, 1.5, 3.0, 4.5]


def test_a_long_look_takes_a_tenth_of_the_time() -> None:
    seen = looks(asked_every=1, takes=10, until=1000)
    assert seen == list(range(0, 1000, 100))


def test_a_look_that_failed_rests_as_well() -> None:
    clock = Clock()
    pacing = Pacing(seconds=lambda: clock.now)

    def fail() -> None:
        clock.pass_by(5)
        raise ValueError(clock.now)

    with pytest.raises(ValueError, match="5"):
        pacing.look(fail)
    assert not pacing.look(fail)
    clock.pass_by(45)
    with pytest.raises(ValueError, match="55"):
        pacing.look(fail)
