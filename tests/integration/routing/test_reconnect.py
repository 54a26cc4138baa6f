"""Connections that break, go silent or lose their rights, on a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from routing import control, rabbit
from routing.bus import NotConfirmed, Publisher, Subscription
from routing.message import Message
from routing.rabbit import RabbitBus
from routing.topology import Topology, working
from schemas.errors import Stop, Unavailable
from tests.support.buses import MOMENT, SOON, bodies, receive_all, through
from tests.support.proxy import Proxy
from tests.support.rabbitmq import Broker
from tests.support.servers import free_port, wait_until

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
Open = Callable[..., RabbitBus]


def message(text: str) -> Message:
    return Message("intake.alpha", "live", text.encode(), text, "text/xml")


def publish_in_background(publisher: Publisher, text: str) -> tuple[threading.Thread, list[str]]:
    ends: list[str] = []

    def publish() -> None:
        try:
            publisher.publish([message(text)])
            ends.append("confirmed")
        except Unavailable as error:
            ends.append(type(error).__name__)

    thread = threading.Thread(target=publish)
    thread.start()
    return thread, ends


def test_connections_closed_by_the_broker_come_back(
    broker: Broker, laid_out: str, open_bus: Open
) -> None:
    bus = open_bus(laid_out)
    publisher = bus.publisher()
    subscription = bus.subscribe([QUEUE], prefetch=10)
    publisher.publish([message("before")])
    [before] = subscription.receive(1, SOON)

    vhost = laid_out.rpartition("/")[2]
    broker.administration.run("close_all_connections", "--vhost", vhost, "test")
    [again] = subscription.receive(1, SOON)
    publisher.publish([message("after")])

    assert (again.body, again.redelivered) == (b"before", True)
    assert again.tag.generation > before.tag.generation
    assert bodies(subscription.receive(1, SOON)) == [b"after"]


def test_a_publish_in_flight_when_the_connection_breaks_is_not_confirmed(
    laid_out: str, proxy: Proxy, open_bus: Open
) -> None:
    bus = open_bus(through(proxy, laid_out), confirm_timeout=60)
    publisher = bus.publisher()
    publisher.publish([message("first")])

    proxy.silence()
    thread, ends = publish_in_background(publisher, "in flight")
    thread.join(MOMENT)
    assert ends == []
    proxy.cut()
    proxy.resume()
    thread.join(SOON)
    assert ends == ["Unavailable"]

    publisher.publish([message("in flight")])
    got = bodies(receive_all(bus.subscribe([QUEUE], prefetch=10), 2))
    assert got == [b"first", b"in flight"]


def test_a_silent_broker_costs_a_confirm_time_out_and_its_late_confirm_deceives_nobody(
    laid_out: str, proxy: Proxy, open_bus: Open
) -> None:
    bus = open_bus(through(proxy, laid_out), confirm_timeout=2)
    publisher = bus.publisher()
    publisher.publish([message("first")])
    proxy.silence()
    with pytest.raises(NotConfirmed):
        publisher.publish([message("late")])
    proxy.resume()
    publisher.publish([message("next")])

    got = bodies(receive_all(bus.subscribe([QUEUE], prefetch=10), 3))
    assert got == [b"first", b"late", b"next"]


def test_a_silent_connection_is_noticed_by_its_heartbeat_and_replaced(
    laid_out: str, proxy: Proxy, open_bus: Open
) -> None:
    bus = open_bus(through(proxy, laid_out, "heartbeat=1&stack_timeout=1"))
    subscription = bus.subscribe([QUEUE], prefetch=10)
    assert subscription.receive(1, MOMENT) == []
    proxy.silence()
    with pytest.raises(Unavailable):
        receive_for_long(subscription)
    proxy.resume()
    subscription.publish([message("back")])
    assert bodies(subscription.receive(1, SOON)) == [b"back"]


def receive_for_long(subscription: Subscription) -> None:
    for _ in range(100):
        subscription.receive(1, MOMENT)


def test_a_worker_that_stalls_keeps_its_connection(laid_out: str, open_bus: Open) -> None:
    bus = open_bus(laid_out + "?heartbeat=2")
    subscription = bus.subscribe([QUEUE], prefetch=10)
    publisher = bus.publisher()
    publisher.publish([message("a")])
    [before] = subscription.receive(1, SOON)

    stalled = threading.Event().wait(5)  # more than two heartbeats: the broker's limit

    assert not stalled
    subscription.ack([before])
    publisher.publish([message("b")])
    [after] = subscription.receive(1, SOON)
    assert (after.body, after.tag.generation) == (b"b", before.tag.generation)


def test_a_consumer_whose_queue_was_deleted_is_not_left_deaf(laid_out: str, open_bus: Open) -> None:
    bus = open_bus(laid_out)
    subscription = bus.subscribe([QUEUE], prefetch=10)
    assert subscription.receive(1, MOMENT) == []
    queues = Topology(queues=working(QUEUE))
    control.delete(laid_out, queues)
    with pytest.raises(Unavailable, match=QUEUE):
        receive_for_long(subscription)

    control.declare(laid_out, queues)
    bus.publisher().publish([Message("", QUEUE, b"back", "m", "text/xml")])
    assert bodies(subscription.receive(1, SOON)) == [b"back"]


def test_a_broker_that_is_down_is_an_outage_for_every_verb(
    monkeypatch: pytest.MonkeyPatch, open_bus: Open
) -> None:
    monkeypatch.setattr(rabbit, "CONNECT_SECONDS", MOMENT)
    bus = open_bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/")
    with pytest.raises(Unavailable):
        bus.publisher().publish([message("x")])
    with pytest.raises(Unavailable):
        bus.subscribe([QUEUE], prefetch=1).receive(1, MOMENT)
    with pytest.raises(Unavailable):
        bus.depths([QUEUE])


def test_the_next_broker_of_a_cluster_takes_over(laid_out: str, open_bus: Open) -> None:
    down = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    bus = open_bus(f"{down};{laid_out}")
    bus.publisher().publish([message("x")])
    assert bus.depths([QUEUE]) == {QUEUE: 1}


def test_a_missing_right_stops_instead_of_retrying_for_ever(
    broker: Broker, laid_out: str, open_bus: Open
) -> None:
    run, vhost = broker.administration.run, laid_out.rpartition("/")[2]
    user = f"{vhost}_restricted"
    run("add_user", user, "restricted")
    try:
        broker.administration.permit(user, vhost, configure="^$", write="^$", read="^$")
        bus = open_bus(laid_out.replace("guest:guest", f"{user}:restricted"))
        with pytest.raises(Stop, match="ACCESS_REFUSED"):
            bus.publisher().publish([message("x")])
        with pytest.raises(Stop, match="ACCESS_REFUSED"):
            receive_for_long(bus.subscribe([QUEUE], prefetch=1))
    finally:
        run("delete_user", user)


def test_bodies_too_large_for_the_prefetch_reduce_it_and_all_arrive(
    laid_out: str, open_bus: Open
) -> None:
    bus = open_bus(laid_out, budget=1_000_000)
    sent = [Message("intake.alpha", "live", bytes(100_000), f"m-{n}", "") for n in range(40)]
    bus.publisher().publish(sent)

    subscription = bus.subscribe([QUEUE], prefetch=64)
    wait_until(lambda: bus.depths([QUEUE]) == {QUEUE: 40 - 64 // 8}, SOON, "smaller prefetch")
    arrived: set[str] = set()
    while len(arrived) < len(sent):
        [delivery] = subscription.receive(1, SOON)
        arrived.add(delivery.message_id)
        subscription.ack([delivery])
    assert delivery.tag.generation == 2
    assert bus.depths([QUEUE]) == {QUEUE: 0}
