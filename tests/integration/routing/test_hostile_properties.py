"""What a sender may put around a body must not harm the reader, nor its neighbours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pika
import pytest

from routing import wire
from routing.message import Delivery, Message
from routing.rabbit import RabbitBus
from schemas.errors import Parked
from tests.support.buses import bodies, receive_all
from tests.support.rabbitmq import connected

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
BODIES = [b"before", b"hostile", b"after"]


class Remote(datetime):
    """A time pika encodes but cannot decode."""

    def utctimetuple(self) -> Any:
        return 9999, 12, 10**9, 0, 0, 0


Open = Callable[..., RabbitBus]


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"headers": {"x-list": [{"deep": [1, None]}], "x-none": None}}, id="tables"),
        pytest.param({"headers": {"x-bytes": b"\xff\xfe"}}, id="bytes"),
        pytest.param({"message_id": b"\xff\xfe"}, id="an id that is no UTF-8"),
        pytest.param({"content_type": b"\xff"}, id="a content type that is no UTF-8"),
        pytest.param({"headers": {"x-when": Remote(2026, 1, 1)}}, id="a late header"),
        pytest.param({"timestamp": 2**63}, id="a late time stamp"),
    ],
)
def test_hostile_properties_do_not_stop_the_messages_behind(
    laid_out: str, open_bus: Open, properties: dict[str, object]
) -> None:
    publish_between(laid_out, properties)
    assert read(open_bus(laid_out)) == BODIES


def test_a_table_too_deep_to_read_does_not_stop_the_messages_behind(
    laid_out: str, open_bus: Open
) -> None:
    deep: dict[str, object] = {}
    for _ in range(2_000):
        deep = {"x": deep}
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        publish_between(laid_out, {"headers": deep})
    finally:
        sys.setrecursionlimit(usual)
    assert read(open_bus(laid_out)) == BODIES


def test_ordinary_deliveries_are_read_without_pikas_frames(
    laid_out: str, open_bus: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_to_pika: list[Delivery] = []
    usual = wire.to_delivery

    def noted(*given: Any) -> Delivery:
        left_to_pika.append(usual(*given))
        return left_to_pika[-1]

    monkeypatch.setattr(wire, "to_delivery", noted)
    with connected(laid_out) as channel:
        for _ in range(100):
            channel.basic_publish("intake.alpha", "live", b"{}")
    assert len(receive_all(open_bus(laid_out).subscribe([QUEUE], prefetch=100), 100)) == 100
    assert len(left_to_pika) < 20  # one that the network cut in two is pika's


def publish_between(url: str, properties: dict[str, object]) -> None:
    with connected(url) as channel:
        for body in BODIES:
            around = properties if body == b"hostile" else {}
            channel.basic_publish("intake.alpha", "live", body, pika.BasicProperties(**around))


def read(bus: RabbitBus) -> list[bytes]:
    got = receive_all(bus.subscribe([QUEUE], prefetch=10), 3)
    assert {delivery.tag.generation for delivery in got} == {1}
    return bodies(got)


@pytest.mark.parametrize("headers", [{"x-n": 2**70}, {"x-s": {"a", "set"}}])
def test_what_cannot_be_encoded_is_for_a_person_and_harms_nobody(
    laid_out: str, open_bus: Open, headers: dict[str, Any]
) -> None:
    bus = open_bus(laid_out)
    publisher = bus.publisher()
    messages = [
        Message("intake.alpha", "live", body, "m", "", headers if body == b"hostile" else {})
        for body in BODIES
    ]
    with pytest.raises(Parked) as caught:
        publisher.publish(messages)
    assert caught.value.cause == "unpublishable"
    publisher.publish(messages[:1])

    got = receive_all(bus.subscribe([QUEUE], prefetch=10), 3)
    assert bodies(got) == [b"before", b"after", b"before"]
