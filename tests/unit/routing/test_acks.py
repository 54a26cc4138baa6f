from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.acks import Acks, Settlement


def one(number: int) -> Settlement:
    return Settlement(number, multiple=False)


def upto(number: int) -> Settlement:
    return Settlement(number, multiple=True)


def test_a_contiguous_batch_is_one_frame() -> None:
    assert Acks().settle([3, 1, 2]) == [upto(3)]


def test_beyond_a_gap_each_is_settled_alone() -> None:
    acks = Acks()
    assert acks.settle([1, 2, 4, 6]) == [upto(2), one(4), one(6)]
    assert acks.settle([3]) == [one(3)]
    assert acks.settle([5, 7]) == [upto(7)]


def test_a_frame_never_names_what_was_settled_before() -> None:
    acks = Acks()
    assert acks.settle([2]) == [one(2)]
    assert acks.settle([1]) == [one(1)]
    assert acks.settle([1, 2]) == []


class Channel:
    """The broker's side: it closes the channel over a tag it does not know."""

    def __init__(self, delivered: int) -> None:
        self.outstanding = set(range(1, delivered + 1))

    def take(self, frame: Settlement) -> None:
        if frame.number not in self.outstanding:
            pytest.fail(f"unknown delivery tag {frame.number}")
        settled = {n for n in self.outstanding if n < frame.number} if frame.multiple else set()
        self.outstanding -= settled | {frame.number}


@given(st.lists(st.lists(st.integers(1, 12), max_size=6), max_size=12))
def test_the_broker_settles_exactly_what_we_settled(batches: list[list[int]]) -> None:
    acks, channel, handled = Acks(), Channel(12), set[int]()
    for batch in batches:
        for frame in acks.settle(batch):
            channel.take(frame)
        handled |= set(batch)
        assert channel.outstanding == set(range(1, 13)) - handled
