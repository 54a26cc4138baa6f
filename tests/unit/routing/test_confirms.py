from __future__ import annotations

import pytest

from routing.bus import NotConfirmed, Unroutable
from routing.confirms import Batch, Confirms
from routing.message import Message
from schemas.errors import Unavailable


def message(key: str = "live") -> Message:
    return Message("intake.alpha", key, b"", "m", "text/xml")


def sent(confirms: Confirms, *keys: str) -> Batch:
    batch = Batch([message(key) for key in keys])
    for _ in keys:
        confirms.sent(batch)
    return batch


def test_a_batch_is_done_when_every_message_is_confirmed_in_any_order() -> None:
    confirms = Confirms()
    batch = sent(confirms, "a", "b", "c")
    confirms.confirmed(3, multiple=False)
    confirms.confirmed(1, multiple=False)
    with pytest.raises(NotConfirmed):
        batch.wait(0)
    confirms.confirmed(2, multiple=False)
    batch.wait(0)


def test_one_answer_may_be_for_many_and_over_batches() -> None:
    confirms = Confirms()
    one, two = sent(confirms, "a", "b"), sent(confirms, "c", "d")
    confirms.confirmed(2, multiple=False)
    confirms.confirmed(3, multiple=True)
    one.wait(0)
    with pytest.raises(NotConfirmed):
        two.wait(0)
    confirms.confirmed(4, multiple=True)
    two.wait(0)


def test_a_refused_message_spoils_its_batch_only() -> None:
    confirms = Confirms()
    one, two = sent(confirms, "a"), sent(confirms, "b")
    confirms.rejected(1, multiple=False)
    confirms.confirmed(2, multiple=False)
    with pytest.raises(NotConfirmed, match="nack"):
        one.wait(0)
    two.wait(0)


def test_a_returned_message_spoils_the_batch_that_holds_it_once_all_are_confirmed() -> None:
    confirms = Confirms()
    one, two = sent(confirms, "a", "lost"), sent(confirms, "b")
    confirms.returned("intake.alpha", "lost")
    confirms.confirmed(3, multiple=True)
    with pytest.raises(Unroutable) as caught:
        one.wait(0)
    assert caught.value.routing_key == "lost"
    two.wait(0)


def test_a_late_answer_does_not_count_for_the_next_batch() -> None:
    confirms = Confirms()
    late = sent(confirms, "a")
    with pytest.raises(NotConfirmed):
        late.wait(0)
    following = sent(confirms, "b")
    confirms.confirmed(1, multiple=False)
    with pytest.raises(NotConfirmed):
        following.wait(0)


def test_a_lost_connection_ends_the_wait_with_its_reason() -> None:
    batch = sent(Confirms(), "a", "b")
    batch.fail(Unavailable("gone"))
    with pytest.raises(Unavailable, match="gone"):
        batch.wait(0)
