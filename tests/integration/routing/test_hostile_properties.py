"""What a sender may put around a body must not harm the reader, nor its neighbours."""

from __future__ import annotations

from collections.abc import Callable

import kombu
import pika
import pytest

from routing.rabbit import RabbitBus
from tests.support.buses import bodies, receive_all
from tests.support.rabbitmq import connected

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
BODIES = [b"before", b"hostile", b"after"]
Open = Callable[..., RabbitBus]


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"headers": {"x-list": [{"deep": [1, None]}], "x-none": None}}, id="tables"),
        pytest.param({"headers": {"x-bytes": b"\xff\xfe"}}, id="bytes"),
        pytest.param({"message_id": b"\xff\xfe"}, id="an id that is no UTF-8"),
        pytest.param({"content_type": b"\xff"}, id="a content type that is no UTF-8"),
        pytest.param({"timestamp": 2**63}, id="a time beyond the calendar"),
    ],
)
def test_hostile_properties_do_not_stop_the_messages_behind(
    laid_out: str, open_bus: Open, properties: dict[str, object]
) -> None:
    with connected(laid_out) as channel:
        for body in BODIES:
            around = properties if body == b"hostile" else {}
            channel.basic_publish("intake.alpha", "live", body, pika.BasicProperties(**around))
    assert read(open_bus(laid_out)) == BODIES


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_that_are_none_do_not_stop_the_messages_behind(
    laid_out: str, open_bus: Open, number: str
) -> None:
    with kombu.Connection(laid_out) as connection:
        for body in BODIES:
            headers = {"x-rate": float(number)} if body == b"hostile" else {}
            kombu.Producer(connection).publish(
                body,
                exchange="intake.alpha",
                routing_key="live",
                headers=headers,
                content_type="text/xml",
            )
    assert read(open_bus(laid_out)) == BODIES


def read(bus: RabbitBus) -> list[bytes]:
    got = receive_all(bus.subscribe([QUEUE], prefetch=10), 3)
    assert {delivery.tag.generation for delivery in got} == {1}
    return bodies(got)
