from __future__ import annotations

from routing.inbox import BATCH_BYTES, LEAST_BYTES, TAKEN_SECONDS, YIELDING_BYTES, Inbox, gather
from routing.keys import yields
from routing.message import Delivery, Tag


class Arrivals:
    """Answers each wait with the next count; notes what was waited for."""

    def __init__(self, *counts: int) -> None:
        self._counts = list(counts)
        self.waits: list[tuple[int, float]] = []

    def __call__(self, count: int, seconds: float) -> int:
        self.waits.append((count, seconds))
        return self._counts.pop(0)


def test_nothing_in_time_ends_the_wait() -> None:
    arrivals = Arrivals(0)
    gather(arrivals, limit=10, timeout=3.0, linger=60)
    assert arrivals.waits == [(1, 3.0)]


def test_a_full_batch_is_taken_at_once() -> None:
    arrivals = Arrivals(10)
    gather(arrivals, limit=10, timeout=3.0, linger=60)
    assert len(arrivals.waits) == 1


def test_an_idle_queue_is_given_one_lull() -> None:
    arrivals = Arrivals(1, 1)
    gather(arrivals, limit=10, timeout=3.0, linger=60)
    assert arrivals.waits == [(1, 3.0), (10, 6.0)]


def test_a_busy_queue_is_waited_for_until_the_batch_is_full() -> None:
    arrivals = Arrivals(1, 4, 9, 10)
    gather(arrivals, limit=10, timeout=3.0, linger=60)
    assert len(arrivals.waits) == 4


def test_without_linger_what_is_there_is_taken() -> None:
    arrivals = Arrivals(1)
    gather(arrivals, limit=10, timeout=3.0, linger=0)
    assert len(arrivals.waits) == 1


def test_an_inbox_keeps_the_order_and_the_rest() -> None:
    inbox = Inbox()
    for number in range(5):
        inbox.put([Delivery(Tag(1, number), "q", "", "q", b"")])
    assert [d.tag.number for d in inbox.take(3, 0, 0)] == [0, 1, 2]
    assert [d.tag.number for d in inbox.take(3, 0, 0)] == [3, 4]


def test_a_batch_ends_with_the_delivery_that_reaches_its_bytes() -> None:
    inbox = Inbox()
    sizes = [BATCH_BYTES // 2, BATCH_BYTES, 1, 1]
    waiting = [inbox.put([Delivery(Tag(1, 1), "q", "", "q", bytes(size))]) for size in sizes]
    assert waiting[-1] == sum(sizes)
    assert [len(d.body) for d in inbox.take(9, 0, 0)] == sizes[:2]
    assert [len(d.body) for d in inbox.take(9, 0, 0)] == sizes[2:]


def test_a_closed_inbox_holds_nothing_and_does_not_wait() -> None:
    inbox = Inbox()
    inbox.put([Delivery(Tag(1, 1), "q", "", "q", b"")])
    inbox.close()
    assert inbox.take(3, 3600, 0) == []


def test_what_yields_waits_for_the_rest_and_comes_in_small_batches() -> None:
    now = [0.0]
    inbox = Inbox(yields, lambda: now[0])
    part = bytes(YIELDING_BYTES // 2)
    for number in range(6):
        inbox.put([Delivery(Tag(1, number), "intake.labour.bulk", "", "bulk", part)])
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [0, 1]
    for number in (6, 7):
        inbox.put([Delivery(Tag(1, number), "intake.labour.live", "", "live", b"")])
    assert inbox.queues() == {"intake.labour.bulk", "intake.labour.live"}
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [6, 7]
    now[0] = TAKEN_SECONDS
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [2, 3]
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [4, 5]


def test_what_yields_comes_in_the_smallest_batches_while_something_else_keeps_coming() -> None:
    now = [0.0]
    inbox = Inbox(yields, lambda: now[0])
    inbox.put([Delivery(Tag(1, 0), "intake.labour.live", "", "live", b"")])
    for number in range(1, 5):
        chunk = bytes(LEAST_BYTES)
        inbox.put([Delivery(Tag(1, number), "intake.labour.bulk", "", "bulk", chunk)])
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [0]
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [1]
    now[0] = TAKEN_SECONDS - 0.1
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [2]
    now[0] = TAKEN_SECONDS
    assert [d.tag.number for d in inbox.take(9, 0, 0)] == [3, 4]


def test_a_closed_inbox_holds_nothing_that_yields_either() -> None:
    inbox = Inbox(yields)
    inbox.put([Delivery(Tag(1, 1), "registry.writer.bulk", "", "bulk", b"")])
    inbox.close()
    assert inbox.take(3, 3600, 0) == []
