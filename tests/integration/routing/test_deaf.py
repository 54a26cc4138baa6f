"""Consumers that stay connected and hear nothing, on a real broker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from hub.metrics import Metrics
from routing import control
from routing.message import Delivery, Message
from routing.rabbit import RabbitBus, RabbitSubscription
from routing.topology import Topology, working
from schemas.errors import Unavailable
from tests.support.buses import MOMENT, SOON, bodies
from tests.support.servers import wait_until

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
OTHER = "intake.beta.live"
Open = Callable[..., RabbitBus]


def message(text: str, ministry: str = "alpha") -> Message:
    return Message(f"intake.{ministry}", "live", text.encode(), text, "text/xml")


def cancel_behind_its_back(subscription: RabbitSubscription) -> None:
    """Cancel every consumer without letting the link notice, as a lost fail-over does."""
    link = subscription._lifeline.link(SOON)

    def cancel() -> None:
        for tag in link._channel.consumer_tags:
            link._channel.basic_cancel(tag)

    link._call(cancel)


def heard_at_last(subscription: RabbitSubscription) -> list[Delivery]:
    """Receive a first message; that a connection is being replaced is no reason to give up."""
    heard: list[Delivery] = []

    def hear() -> bool:
        with contextlib.suppress(Unavailable):
            heard.extend(subscription.receive(1, MOMENT))
        return bool(heard)

    wait_until(hear, SOON, "a first message")
    return heard


def rebuilt(metrics: Metrics, queue: str) -> bool:
    line = f'qovsaq_consumers_rebuilt_total{{queue="{queue}"}} 1.0'
    return line.encode() in metrics.expose()


def test_a_consumer_that_was_lost_is_noticed_and_replaced(laid_out: str, open_bus: Open) -> None:
    metrics = Metrics()
    bus = open_bus(laid_out, deaf_after=0.4, observer=metrics)
    subscription = bus.subscribe([QUEUE, OTHER], prefetch=10)
    assert subscription.receive(1, MOMENT) == []
    cancel_behind_its_back(subscription)
    assert subscription.receive(1, MOMENT) == []

    bus.publisher().publish([message("unheard")])
    heard = heard_at_last(subscription)
    assert bodies(heard) == [b"unheard"]
    assert heard[0].tag.generation == 2
    assert rebuilt(metrics, QUEUE)
    assert not rebuilt(metrics, OTHER)


def test_a_consumer_of_empty_queues_is_left_alone(laid_out: str, open_bus: Open) -> None:
    bus = open_bus(laid_out, deaf_after=1.0)
    subscription = bus.subscribe([QUEUE], prefetch=10)
    assert subscription.receive(1, 2.5) == []
    bus.publisher().publish([message("at last")])
    [delivery] = subscription.receive(1, SOON)
    assert delivery.tag.generation == 1


def test_a_worker_that_is_slow_over_what_it_holds_is_not_deaf(
    laid_out: str, open_bus: Open
) -> None:
    bus = open_bus(laid_out, deaf_after=1.0)
    subscription = bus.subscribe([QUEUE], prefetch=2)
    bus.publisher().publish([message(f"m-{number}") for number in range(10)])
    taken = []
    for _ in range(4):
        [delivery] = subscription.receive(1, SOON)
        subscription.receive(0, 1.2)  # time passes, and others still wait
        subscription.ack([delivery])
        taken.append(delivery)
    assert len(set(bodies(taken))) == 4
    assert {delivery.tag.generation for delivery in taken} == {1}


def test_a_queue_that_was_deleted_and_declared_again_is_heard_again(
    laid_out: str, open_bus: Open
) -> None:
    # RabbitMQ 3.10.8 attaches the consumer to the new queue without telling it and delivers as
    # many messages as its prefetch allows to nowhere: they count as unacknowledged, not as ready.
    bus = open_bus(laid_out, deaf_after=0.4)
    subscription = bus.subscribe([QUEUE], prefetch=2)
    assert subscription.receive(1, MOMENT) == []
    queues = Topology(queues=working(QUEUE))
    control.delete(laid_out, queues)
    control.declare(laid_out, queues)
    sent = [Message("", QUEUE, b"%d" % number, "m", "text/xml") for number in range(4)]
    bus.publisher().publish(sent)

    heard: list[Delivery] = []
    while len(heard) < 4 and (more := subscription.receive(1, SOON)):
        heard += more
        subscription.ack(more)
    assert set(bodies(heard)) == {b"0", b"1", b"2", b"3"}
