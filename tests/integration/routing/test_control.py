"""Laying out the bus, finding drift, and the control plane's publisher, on a real broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from routing import control
from routing.bus import NotConfirmed, Unroutable
from routing.control import ControlPublisher, Drift
from routing.message import Message
from routing.rabbit import RabbitBus
from routing.topology import DeadLetter, Exchange, Queue, Topology
from schemas.errors import Slow, Stop, Unavailable
from tests.support.buses import SOON, TOPOLOGY, bodies, through
from tests.support.proxy import Proxy
from tests.support.servers import free_port

pytestmark = pytest.mark.broker

QUEUE = "intake.alpha.live"
DEAD = DeadLetter("", "dead.x")


@pytest.fixture
def url(clean_broker: str) -> str:
    return clean_broker


def test_what_was_declared_shows_no_drift_and_may_be_declared_again(url: str) -> None:
    control.declare(url, TOPOLOGY)
    control.declare(url, TOPOLOGY)
    assert control.check(url, TOPOLOGY) == []


def test_checking_an_empty_broker_names_everything_and_creates_nothing(url: str) -> None:
    expected = len(TOPOLOGY.exchanges) + len(TOPOLOGY.queues)
    for _ in range(2):
        drifts = control.check(url, TOPOLOGY)
        assert len(drifts) == expected
        assert {drift.difference for drift in drifts} == {"missing"}


@pytest.mark.parametrize(
    ("there", "wanted", "argument"),
    [
        (Queue("q", DEAD, ttl=5), Queue("q", DEAD, ttl=6), "x-message-ttl"),
        (Queue("q", DEAD), Queue("q", DeadLetter("")), "x-dead-letter-routing-key"),
        (Queue("q"), Queue("q", DEAD), "x-dead-letter"),
        (Queue("q", DEAD), Queue("q"), "x-"),
        (Queue("q", delivery_limit=5), Queue("q"), "x-delivery-limit"),
    ],
)
def test_a_drifted_queue_is_named_with_what_differs(
    url: str, there: Queue, wanted: Queue, argument: str
) -> None:
    control.declare(url, Topology(queues=(there,)))
    [drift] = control.check(url, Topology(queues=(wanted,)))
    assert (drift.kind, drift.name) == ("queue", "q")
    assert drift.difference.startswith(argument)
    assert "expected" in drift.difference
    with pytest.raises(Stop, match=f"queue q: {argument}"):
        control.declare(url, Topology(queues=(wanted,)))


def test_a_drifted_exchange_is_named_with_what_differs(url: str) -> None:
    control.declare(url, Topology((Exchange("x", "direct", "rest"),)))
    assert control.check(url, Topology((Exchange("x", "direct"),))) == [
        Drift("exchange", "x", "alternate-exchange is 'rest', expected none")
    ]
    assert control.check(url, Topology((Exchange("x", "topic", "rest"),))) == [
        Drift("exchange", "x", "type is 'direct', expected 'topic'")
    ]


def test_declaring_goes_on_after_a_drift_so_that_one_run_names_all(url: str) -> None:
    control.declare(url, Topology(queues=(Queue("a", delivery_limit=5), Queue("c", DEAD))))
    with pytest.raises(Stop) as caught:
        control.declare(url, Topology(queues=(Queue("a"), Queue("b"), Queue("c"))))
    assert "queue a" in str(caught.value)
    assert "queue c" in str(caught.value)
    assert control.depths(url, ["b"]) == {"b": 0}


def test_declaring_puts_a_lost_binding_back(url: str) -> None:
    control.declare(url, TOPOLOGY)
    control.delete(url, Topology(queues=(Queue(QUEUE),)))
    control.declare(url, TOPOLOGY)
    publisher = ControlPublisher(url)
    publisher.publish([message("x")])
    publisher.close()
    assert control.depths(url, [QUEUE]) == {QUEUE: 1}


def test_purging_empties_and_passes_over_what_is_not_there(url: str) -> None:
    control.declare(url, TOPOLOGY)
    publisher = ControlPublisher(url)
    publisher.publish([message("x"), message("y")])
    publisher.close()
    control.purge(url, ["no.such.queue", QUEUE])
    assert control.depths(url, [QUEUE]) == {QUEUE: 0}


def test_a_broker_that_is_down_is_an_outage_that_shows_no_password() -> None:
    with pytest.raises(Unavailable) as caught:
        control.check(f"amqp://guest:s3cret@127.0.0.1:{free_port()}/", TOPOLOGY)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("gone", "told"), [(False, "slow, not down"), (True, "refused")])
def test_a_broker_that_does_not_answer_is_slow_only_where_it_lets_us_in(
    url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, gone: bool, told: str
) -> None:
    def unanswered(*_: object, **__: object) -> None:
        if gone:
            proxy.close()
        raise TimeoutError

    monkeypatch.setattr("kombu.Queue.queue_declare", unanswered)
    with pytest.raises(Unavailable, match=told) as caught:
        control.depths(through(proxy, url), [QUEUE])
    assert isinstance(caught.value, Slow) is not gone


def message(text: str, exchange: str = "intake.alpha", key: str = "live") -> Message:
    return Message(exchange, key, text.encode(), text, "text/xml", {"x-a": 1, "x-b": "ə"})


@pytest.fixture
def publisher(laid_out: str, proxy: Proxy) -> Iterator[ControlPublisher]:
    publisher = ControlPublisher(through(proxy, laid_out), confirm_timeout=2)
    yield publisher
    publisher.close()


def test_the_control_publisher_publishes_what_the_data_plane_reads(
    laid_out: str, publisher: ControlPublisher, open_bus: Callable[..., RabbitBus]
) -> None:
    publisher.publish([message("ə")])
    [got] = open_bus(laid_out).subscribe([QUEUE], prefetch=1).receive(1, SOON)
    assert (got.body, got.message_id, got.content_type) == ("ə".encode(), "ə", "text/xml")
    assert got.headers == {"x-a": 1, "x-b": "ə"}


@pytest.mark.parametrize(("exchange", "key"), [("", "no.such.queue"), ("no.such", "live")])
def test_the_control_publisher_knows_when_nothing_was_routed(
    laid_out: str, publisher: ControlPublisher, exchange: str, key: str
) -> None:
    for _ in range(2):
        with pytest.raises(Unroutable) as caught:
            publisher.publish([message("lost", exchange, key)])
        assert (caught.value.exchange, caught.value.routing_key) == (exchange, key)
        publisher.publish([message("kept")])
    assert control.depths(laid_out, [QUEUE]) == {QUEUE: 2}


def test_the_control_publisher_waits_no_longer_than_told_and_recovers(
    laid_out: str,
    publisher: ControlPublisher,
    proxy: Proxy,
    open_bus: Callable[..., RabbitBus],
) -> None:
    publisher.publish([message("first")])
    proxy.silence()
    with pytest.raises(NotConfirmed):
        publisher.publish([message("second")])
    proxy.resume()
    publisher.publish([message("third")])

    got = bodies(open_bus(laid_out).subscribe([QUEUE], prefetch=10).receive(10, SOON))
    assert got[0] == b"first"
    assert b"third" in got


def test_the_control_publisher_reconnects_after_a_break(
    laid_out: str, publisher: ControlPublisher, proxy: Proxy
) -> None:
    publisher.publish([message("first")])
    proxy.cut()
    with pytest.raises(Unavailable):
        publisher.publish([message("second")])
    publisher.publish([message("second")])
    assert control.depths(laid_out, [QUEUE]) == {QUEUE: 2}
