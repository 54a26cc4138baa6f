"""What receiving, acknowledging and giving back mean, on either bus."""

from __future__ import annotations

import threading

import pytest

from routing.bus import Subscription
from routing.inbox import BATCH_BYTES
from routing.message import Delivery, Message
from schemas.errors import Unavailable
from tests.support.buses import MOMENT, SOON, BusUnderTest, bodies, receive_all

QUEUE = "intake.alpha.live"


def publish(
    subject: BusUnderTest, *texts: str, exchange: str = "intake.alpha", lane: str = "live"
) -> None:
    subject.bus.publisher().publish(
        [Message(exchange, lane, text.encode(), text, "text/xml") for text in texts]
    )


def opened(subject: BusUnderTest, prefetch: int = 10) -> Subscription:
    return subject.bus.subscribe([QUEUE], prefetch=prefetch)


def left_behind(subject: BusUnderTest, count: int) -> list[bytes]:
    """What a new consumer finds, once every earlier one is gone: so much, and whatever follows."""
    subscription = opened(subject, 100)
    found = receive_all(subscription, count)
    return bodies([*found, *receive_all(subscription, 100, timeout=MOMENT)])


def test_an_empty_queue_gives_nothing_when_time_is_up(subject: BusUnderTest) -> None:
    assert opened(subject).receive(5, MOMENT) == []


def test_no_more_than_the_limit_is_received(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c")
    subscription = opened(subject)
    first = subscription.receive(2, SOON)
    assert bodies(first) == [b"a", b"b"]
    assert bodies(subscription.receive(2, SOON)) == [b"c"]


def test_a_batch_of_large_messages_is_smaller(subject: BusUnderTest) -> None:
    large = bytes(BATCH_BYTES // 2)
    message = Message("intake.alpha", "live", large, "m", "text/xml")
    subject.bus.publisher().publish([message] * 3)
    subscription = opened(subject)
    first = subscription.receive(10, SOON)
    assert 1 <= len(first) <= 2
    assert bodies(first + receive_all(subscription, 3 - len(first))) == [large] * 3


def test_a_waiting_receive_wakes_when_a_message_comes(subject: BusUnderTest) -> None:
    subscription = opened(subject)
    got: list[Delivery] = []
    waiting = threading.Thread(target=lambda: got.extend(subscription.receive(1, SOON)))
    waiting.start()
    publish(subject, "at last")
    waiting.join(SOON)
    assert bodies(got) == [b"at last"]


def test_unacknowledged_deliveries_never_exceed_the_prefetch(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c", "d", "e")
    subscription = opened(subject, prefetch=2)

    first = receive_all(subscription, 2)
    assert subscription.receive(5, MOMENT) == []

    subscription.ack(first)
    assert bodies(receive_all(subscription, 2)) == [b"c", b"d"]


def test_of_what_yields_another_number_may_be_unacknowledged(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c", "d")
    publish(subject, "e", "f", "g", lane="bulk")
    yielding = "intake.alpha.bulk"
    subscription = subject.bus.subscribe([yielding, QUEUE], prefetch=3, yielding=1)
    found: list[str] = []
    while got := subscription.receive(7, SOON if len(found) < 4 else MOMENT):
        found += [delivery.queue for delivery in got]
    assert sorted(found) == [yielding, QUEUE, QUEUE, QUEUE]


def test_a_full_queue_does_not_starve_another(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c")
    publish(subject, "beta", exchange="intake.beta")
    subscription = subject.bus.subscribe([QUEUE, "intake.beta.live"], prefetch=2)

    got = receive_all(subscription, 3)

    assert sorted((d.queue, d.body) for d in got) == [
        (QUEUE, b"a"),
        (QUEUE, b"b"),
        ("intake.beta.live", b"beta"),
    ]


def test_what_was_acknowledged_is_gone(subject: BusUnderTest) -> None:
    publish(subject, "a", "b")
    subscription = opened(subject)
    subscription.ack(receive_all(subscription, 2))
    subscription.close()
    assert left_behind(subject, 0) == []


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [3, 1], [2, 1, 0], [0, 2], [3], [1, 2]])
def test_acknowledging_settles_exactly_what_was_named(
    subject: BusUnderTest, order: list[int]
) -> None:
    publish(subject, "0", "1", "2", "3")
    subscription = opened(subject)
    got = receive_all(subscription, 4)
    for index in order:
        subscription.ack([got[index]])
    subscription.close()
    left = [str(n).encode() for n in range(4) if n not in order]
    assert left_behind(subject, len(left)) == left


def test_acknowledging_twice_is_harmless(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c")
    subscription = opened(subject, prefetch=2)
    got = receive_all(subscription, 2)
    subscription.ack(got)
    subscription.ack(got)
    assert bodies(subscription.receive(1, SOON)) == [b"c"]


def test_released_deliveries_come_back_first_in_order_and_marked(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c", "d")
    subscription = opened(subject, prefetch=3)
    got = receive_all(subscription, 3)
    assert [d.redelivered for d in got] == [False, False, False]

    subscription.release(got[:2])
    subscription.ack(got[2:])

    again = receive_all(subscription, 3)
    assert [(d.body, d.redelivered) for d in again] == [(b"a", True), (b"b", True), (b"d", False)]


def test_closing_gives_back_what_is_unacknowledged_and_marks_it(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c")
    subscription = opened(subject)
    got = receive_all(subscription, 3)
    subscription.ack(got[1:2])
    subscription.close()

    again = receive_all(opened(subject), 2)
    assert [(d.body, d.redelivered) for d in again] == [(b"a", True), (b"c", True)]


def test_acknowledgements_of_a_lost_connection_settle_nothing_on_the_next(
    subject: BusUnderTest,
) -> None:
    publish(subject, "a", "b", "c")
    subscription = opened(subject)
    stale = receive_all(subscription, 3)

    subject.drop_connection(subscription)
    fresh = receive_all(subscription, 3)
    assert [(d.body, d.redelivered) for d in fresh] == [(b"a", True), (b"b", True), (b"c", True)]

    subscription.ack(stale)
    subscription.release(stale)
    subscription.ack(fresh[:1])
    subscription.close()
    assert left_behind(subject, 2) == [b"b", b"c"]


def test_a_subscription_goes_on_after_its_connection_was_lost(subject: BusUnderTest) -> None:
    subscription = opened(subject)
    assert subscription.receive(1, MOMENT) == []
    subject.drop_connection(subscription)
    publish(subject, "after")
    assert bodies(subscription.receive(1, SOON)) == [b"after"]


def test_a_hop_republishes_and_acknowledges_while_others_publish(subject: BusUnderTest) -> None:
    def feed() -> None:
        publisher = subject.bus.publisher()
        for n in range(30):
            pair = [f"{n}.1".encode(), f"{n}.2".encode()]
            publisher.publish([Message("intake.alpha", "live", b, "m", "") for b in pair])

    feeding = threading.Thread(target=feed)
    feeding.start()
    hop = opened(subject, prefetch=20)
    handled = 0
    while handled < 60:
        batch = hop.receive(7, SOON)
        assert batch
        hop.publish([Message("intake.beta", "live", d.body, d.message_id, "") for d in batch])
        hop.ack(batch)
        handled += len(batch)
    feeding.join(SOON)
    hop.close()

    assert left_behind(subject, 0) == []
    beta = subject.bus.subscribe(["intake.beta.live"], prefetch=100)
    assert bodies(receive_all(beta, 60)) == [f"{n}.{i}".encode() for n in range(30) for i in (1, 2)]


def test_two_consumers_share_a_queue(subject: BusUnderTest) -> None:
    one, two = opened(subject, prefetch=1), opened(subject, prefetch=1)
    publish(subject, "a", "b")
    assert sorted(bodies(one.receive(5, SOON) + two.receive(5, SOON))) == [b"a", b"b"]


def test_depths_count_what_waits_and_pass_over_what_is_not_there(subject: BusUnderTest) -> None:
    publish(subject, "a", "b", "c")
    assert subject.bus.depths([QUEUE, "intake.beta.live", "no.such.queue"]) == {
        QUEUE: 3,
        "intake.beta.live": 0,
    }


def test_a_closed_subscription_says_so(subject: BusUnderTest) -> None:
    subscription = opened(subject)
    subscription.close()
    subscription.close()
    with pytest.raises(Unavailable):
        subscription.receive(1, MOMENT)


def test_closing_wakes_whoever_waits(subject: BusUnderTest) -> None:
    subscription = opened(subject)
    raised: list[Exception] = []

    def wait() -> None:
        try:
            subscription.receive(1, 60)
        except Unavailable as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    subscription.close()
    waiting.join(SOON)
    assert raised
