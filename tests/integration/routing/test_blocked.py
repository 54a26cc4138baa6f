"""A broker that is out of memory or disk stops reading; nothing may be lost over that."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from pika import frame, spec

from routing import control
from routing.bus import Publisher
from routing.message import Message
from routing.rabbit import RabbitBus
from schemas.errors import Unavailable
from tests.support.buses import MOMENT, SOON, TOPOLOGY, bodies, receive_all, through
from tests.support.private_broker import PrivateBroker
from tests.support.proxy import Proxy
from tests.support.servers import wait_until

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
BLOCKED = frame.Method(0, spec.Connection.Blocked("low on memory")).marshal()
UNBLOCKED = frame.Method(0, spec.Connection.Unblocked()).marshal()


def message(text: str) -> Message:
    return Message("intake.alpha", "live", text.encode(), text, "text/xml")


def publish_often(publisher: Publisher, text: str) -> None:
    for _ in range(1_000):
        publisher.publish([message(text)])


def published(publisher: Publisher, text: str) -> bool:
    try:
        publisher.publish([message(text)])
    except Unavailable:
        return False
    return True


def test_a_blocked_connection_takes_no_more_and_goes_on_when_it_is_unblocked(
    laid_out: str, proxy: Proxy, open_bus: Callable[..., RabbitBus]
) -> None:
    hop = open_bus(through(proxy, laid_out)).subscribe([QUEUE], prefetch=10)
    hop.publish([message("before")])

    proxy.inject(BLOCKED)
    with pytest.raises(Unavailable, match="blocked"):
        publish_often(hop, "while blocked")
    assert hop.receive(1, SOON)

    proxy.inject(UNBLOCKED)
    wait_until(lambda: published(hop, "after"), SOON, "unblocked broker")
    hop.close()
    left = bodies(receive_all(open_bus(laid_out).subscribe([QUEUE], prefetch=2_000), 2_000, 1.0))
    assert left[0] == b"before"
    assert left[-1] == b"after"


@pytest.mark.reliability
def test_a_memory_alarm_delays_a_publish_and_loses_nothing(
    private_broker: PrivateBroker, open_bus: Callable[..., RabbitBus]
) -> None:
    control.declare(private_broker.url, TOPOLOGY)
    bus = open_bus(private_broker.url, confirm_timeout=60)
    publisher = bus.publisher()
    publisher.publish([message("before")])
    watermark = private_broker.administration.run
    watermark("set_vm_memory_high_watermark", "0.000001")
    confirmed = threading.Event()

    def publish() -> None:
        publisher.publish([message("during")])
        confirmed.set()

    thread = threading.Thread(target=publish)
    thread.start()
    wait_until(lambda: private_broker.blocks, SOON, "a blocked connection")
    assert not confirmed.wait(MOMENT)
    with pytest.raises(Unavailable, match="blocked"):
        publisher.publish([message("refused")])
    watermark("set_vm_memory_high_watermark", "0.6")
    assert confirmed.wait(SOON)
    thread.join()

    subscription = bus.subscribe([QUEUE], prefetch=10)
    assert bodies(receive_all(subscription, 3, 1.0)) == [b"before", b"during"]
