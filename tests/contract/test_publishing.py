"""What a confirmed publish means, on either bus."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from routing.bus import Unroutable
from routing.message import Delivery, Message
from routing.windows import MAX_BODY_BYTES
from schemas.errors import Parked, Unavailable
from tests.support.buses import COPY, MOMENT, SOON, BusUnderTest, bodies, receive_all

WRITER = "registry.writer.live"
KEY = "live.c412.person.v1.alpha"


def to_alpha(body: bytes, key: str = "live") -> Message:
    return Message("intake.alpha", key, body, message_id="m-1", content_type="text/xml")


def test_a_message_arrives_as_it_was_published(subject: BusUnderTest) -> None:
    sent = Message(
        "intake.alpha",
        "live",
        "Gülşən".encode(),
        message_id="m-ə",
        content_type="text/xml; charset=utf-8",
        headers={"x-text": "İı", "x-number": 7, "x-large": 2**40, "x-truth": True},
        user_id="guest",
        timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    )
    subject.bus.publisher().publish([sent])

    [got] = subject.bus.subscribe(["intake.alpha.live"], prefetch=5).receive(1, SOON)

    assert got == Delivery(
        tag=got.tag,
        queue="intake.alpha.live",
        exchange=sent.exchange,
        routing_key=sent.routing_key,
        body=sent.body,
        message_id=sent.message_id,
        content_type=sent.content_type,
        user_id=sent.user_id,
        timestamp=sent.timestamp,
        headers=sent.headers,
        redelivered=False,
    )
    assert {type(value) for value in got.headers.values()} == {str, int, bool}


def test_what_the_sender_left_out_is_empty(subject: BusUnderTest) -> None:
    subject.bus.publisher().publish([Message("intake.alpha", "bulk", b"", "", "")])

    [got] = subject.bus.subscribe(["intake.alpha.bulk"], prefetch=5).receive(1, SOON)

    assert (got.body, got.message_id, got.content_type, got.user_id) == (b"", "", "", None)
    assert got.timestamp is None
    assert got.headers == {}


@pytest.mark.parametrize(("exchange", "key"), [("", "no.such.queue"), ("no.such.exchange", "live")])
def test_publishing_to_nowhere_raises_and_names_it(
    subject: BusUnderTest, exchange: str, key: str
) -> None:
    publisher = subject.bus.publisher()
    with pytest.raises(Unroutable) as caught:
        publisher.publish([Message(exchange, key, b"", "m", "text/xml")])
    assert (caught.value.exchange, caught.value.routing_key) == (exchange, key)

    publisher.publish([to_alpha(b"the publisher still works")])


def test_an_unroutable_message_does_not_take_its_neighbours_along(subject: BusUnderTest) -> None:
    lost = Message("", "no.such.queue", b"lost", "m", "text/xml")
    with pytest.raises(Unroutable):
        subject.bus.publisher().publish([to_alpha(b"before"), lost, to_alpha(b"after")])

    subscription = subject.bus.subscribe(["intake.alpha.live"], prefetch=5)
    assert bodies(receive_all(subscription, 2)) == [b"before", b"after"]


def test_a_wrong_key_is_caught_by_the_alternate_exchange_and_keeps_its_exchange(
    subject: BusUnderTest,
) -> None:
    subject.bus.publisher().publish([to_alpha(b"where to?", key="no-such-lane")])

    [got] = subject.bus.subscribe(["intake.unrouted"], prefetch=5).receive(5, SOON)

    assert (got.exchange, got.routing_key) == ("intake.alpha", "no-such-lane")


def test_a_canonical_message_reaches_every_bound_queue(subject: BusUnderTest) -> None:
    subject.bus.publisher().publish([Message("canonical", KEY, b"[]", "m", "application/json")])

    writer = subject.bus.subscribe([WRITER], prefetch=5)
    copy = subject.bus.subscribe([COPY], prefetch=5)
    assert bodies(writer.receive(5, SOON)) == bodies(copy.receive(5, SOON)) == [b"[]"]


def test_a_lane_gets_only_its_own_keys(subject: BusUnderTest) -> None:
    bulk = KEY.replace("live", "bulk")
    subject.bus.publisher().publish([Message("canonical", bulk, b"[]", "m", "application/json")])

    assert subject.bus.subscribe(["registry.writer.bulk"], prefetch=5).receive(5, SOON)
    assert subject.bus.subscribe([WRITER], prefetch=5).receive(5, MOMENT) == []


def test_many_messages_arrive_in_the_order_of_publishing(subject: BusUnderTest) -> None:
    sent = [str(number).encode() for number in range(2_300)]
    subject.bus.publisher().publish([to_alpha(body) for body in sent])

    subscription = subject.bus.subscribe(["intake.alpha.live"], prefetch=3_000)
    assert bodies(receive_all(subscription, len(sent))) == sent


def test_publishing_nothing_is_nothing(subject: BusUnderTest) -> None:
    subject.bus.publisher().publish([])


def test_a_publisher_may_be_used_by_several_threads(subject: BusUnderTest) -> None:
    publisher = subject.bus.publisher()

    def publish(name: int) -> None:
        for number in range(20):
            publisher.publish([to_alpha(f"{name}/{number}/{part}".encode()) for part in "ab"])

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)

    subscription = subject.bus.subscribe(["intake.alpha.live"], prefetch=200)
    got = bodies(receive_all(subscription, 160))
    assert len(set(got)) == 160
    ones = [body for body in got if body.startswith(b"1/")]
    assert ones == [f"1/{number}/{part}".encode() for number in range(20) for part in "ab"]


def test_a_large_body_arrives_whole(subject: BusUnderTest) -> None:
    body = bytes(range(256)) * 4096 * 8
    subject.bus.publisher().publish([to_alpha(body), to_alpha(b"small")])

    subscription = subject.bus.subscribe(["intake.alpha.live"], prefetch=5)
    assert bodies(receive_all(subscription, 2)) == [body, b"small"]


def test_a_body_no_broker_takes_is_for_a_person_and_harms_nobody(subject: BusUnderTest) -> None:
    publisher = subject.bus.publisher()
    with pytest.raises(Parked) as caught:
        publisher.publish([to_alpha(bytes(MAX_BODY_BYTES + 1))])
    assert caught.value.cause == "message-too-large"

    publisher.publish([to_alpha(b"next")])


def test_a_closed_publisher_says_so(subject: BusUnderTest) -> None:
    publisher = subject.bus.publisher()
    publisher.close()
    publisher.close()
    with pytest.raises(Unavailable):
        publisher.publish([to_alpha(b"too late")])
