"""Telling deaf from idle, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from routing.hearing import Hearing
from schemas.errors import Unavailable


class Room:
    """Queues with these depths, listened to with a patience of 60 s."""

    def __init__(self, **depths: int) -> None:
        self.now = 0.0
        self.depths: Mapping[str, int] = depths
        self.asked: list[Sequence[str]] = []
        self.hearing = Hearing(list(depths), 60, clock=lambda: self.now)

    def unheard_at(self, now: float) -> list[str]:
        self.now = now
        return self.hearing.unheard(self._look)

    def _look(self, queues: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(queues)
        return {queue: self.depths[queue] for queue in queues}


def test_a_queue_that_has_messages_and_gives_none_is_unheard_at_the_second_look() -> None:
    room = Room(full=3, empty=0)
    assert room.unheard_at(60) == []
    assert room.unheard_at(75) == ["full"]


def test_what_had_arrived_only_just_before_the_look_is_no_proof() -> None:
    room = Room(full=1)
    assert room.unheard_at(60) == []
    room.now = 61
    room.hearing.heard(["full"])
    assert room.unheard_at(75) == []


def test_another_queue_that_gives_much_does_not_hide_a_deaf_one() -> None:
    room = Room(busy=100, deaf=1)
    for now in range(0, 60, 10):
        room.now = now
        room.hearing.heard(["busy"])
    assert room.unheard_at(60) == []
    room.hearing.heard(["busy"])
    assert room.unheard_at(75) == ["deaf"]
    assert room.asked == [["deaf"], ["deaf"]]


def test_empty_queues_may_be_silent_for_ever() -> None:
    room = Room(empty=0)
    assert [room.unheard_at(now) for now in range(60, 600, 60)] == [[]] * 9


@pytest.mark.parametrize("now", [1, 30, 59])
def test_nobody_is_asked_before_the_patience_is_at_its_end(now: int) -> None:
    room = Room(full=3)
    assert room.unheard_at(now) == []
    assert room.asked == []


def test_a_new_consumer_is_given_as_much_time_as_the_first() -> None:
    room = Room(full=3)
    room.unheard_at(60)
    room.hearing.reset()
    assert room.unheard_at(75) == []
    assert room.unheard_at(120) == []
    assert room.unheard_at(135) == ["full"]


def test_a_broker_that_cannot_be_asked_is_asked_again_only_after_the_patience() -> None:
    room = Room(full=3)
    room.now = 60

    def nobody_answers(_queues: Sequence[str]) -> Mapping[str, int]:
        raise Unavailable("broker")

    with pytest.raises(Unavailable):
        room.hearing.unheard(nobody_answers)
    assert room.hearing.until_next_look == 60
