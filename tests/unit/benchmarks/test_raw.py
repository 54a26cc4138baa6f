"""What is published or forwarded counts as done only up to the first that was not confirmed."""

from __future__ import annotations

from benchmarks.client import Confirms


def waiting(count: int) -> Confirms:
    confirms = Confirms()
    confirms.waiting.extend(range(1, count + 1))
    return confirms


def test_confirms_in_order_move_the_mark_one_by_one() -> None:
    confirms = waiting(3)
    assert [confirms.confirmed(number, multiple=False) for number in (1, 2, 3)] == [1, 2, 3]
    assert not confirms.waiting


def test_a_later_confirm_waits_for_the_earlier_one() -> None:
    confirms = waiting(3)
    assert confirms.confirmed(3, multiple=False) == 0
    assert confirms.confirmed(1, multiple=False) == 1
    assert confirms.confirmed(2, multiple=False) == 3


def test_one_confirm_may_be_of_all_up_to_it() -> None:
    confirms = waiting(5)
    assert confirms.confirmed(4, multiple=True) == 4
    assert list(confirms.waiting) == [5]
