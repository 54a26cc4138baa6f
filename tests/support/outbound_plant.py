"""A subscriber on RabbitMQ: a user of the broker, made and restricted by the hub itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from hub.delivery.amqp import QueueSender
from hub.delivery.handler import DeliveryHandler
from hub.hop import Hop, Pace
from routing import keys
from routing.message import Message
from routing.observer import Unobserved
from routing.rabbit import RabbitBus
from schemas.envelope import CONTENT_TYPE, Event, encode_batch
from tests.support.outbound_bench import BODY, OutboundBench
from tests.support.rabbitmq import patient

QUEUE = keys.deliver_queue(BODY)


def publish_batch(url: str, events: Sequence[Event], size: int = 250) -> None:
    """Publish events about persons on ``canonical``, as intake does."""
    bus = RabbitBus(url)
    bus.publisher().publish(
        [
            Message(
                exchange=keys.CANONICAL,
                routing_key="live.c412.person.v1.interior",
                body=encode_batch(events[start : start + size]),
                message_id=f"batch-{start}",
                content_type=CONTENT_TYPE,
            )
            for start in range(0, len(events), size)
        ]
    )
    bus.close()


@dataclass
class Plant:
    """A bench on RabbitMQ, and where its subscriber logs in."""

    bench: OutboundBench
    bus: RabbitBus
    url: str
    reader_url: str
    stop: threading.Event = field(default_factory=threading.Event)

    def fill(self, events: Sequence[Event], size: int = 250) -> None:
        """Publish events on ``canonical``, as intake does."""
        publish_batch(self.url, events, size)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have the subscriber's worker at work during the block."""
        queues = [keys.outbound_queue(BODY, lane) for lane in keys.LANES]
        subscription = self.bus.subscribe(queues, prefetch=4)
        sender = QueueSender(self.bus.publisher())
        handler = DeliveryHandler(self.bench.dispatcher(sender), subscription)
        hop = Hop(
            "delivery",
            subscription,
            handler,
            clock=self.bench.clock,
            observer=Unobserved(),
            pace=Pace(batch=2, wait_seconds=0.1),
        )
        self.stop.clear()
        worker = threading.Thread(target=hop.run, args=[self.stop])
        worker.start()
        try:
            yield
        finally:
            self.stop.set()
            worker.join()

    def waiting(self) -> int:
        """Messages that wait before the gate."""
        queues = [keys.outbound_queue(BODY, lane) for lane in keys.LANES]
        return sum(self.bus.depths(queues).values())


class Reader(threading.Thread):
    """The subscriber: consumes its queue as its own user until it is thrown out.

    After so many messages it stops to think, with the next ones in its hands.
    """

    def __init__(self, url: str, messages: int = 1_000_000) -> None:
        super().__init__(name="subscriber", daemon=True)
        self.read: list[str] = []
        self.thrown_out: Exception | None = None
        self._url = url
        self._messages = messages

    def run(self) -> None:
        try:
            connection = pika.BlockingConnection(patient(self._url))
            channel = connection.channel()
            channel.basic_qos(prefetch_count=5)
            for number, (method, _, body) in enumerate(channel.consume(QUEUE), 1):
                self.read += [event["id"] for event in orjson.loads(body)]
                channel.basic_ack(method.delivery_tag)
                while number >= self._messages:
                    connection.process_data_events(time_limit=1)
        except AMQPError as error:
            self.thrown_out = error


def may_read(url: str) -> bool:
    """Try to read one message, as the subscriber."""
    connection = pika.BlockingConnection(patient(url))
    try:
        connection.channel().basic_get(QUEUE)
    except ChannelClosedByBroker as error:
        return bool(error.reply_code != 403)
    finally:
        if connection.is_open:
            connection.close()
    return True


def may_read_ids(plant: Plant) -> list[str]:
    """Read all that the subscriber can read."""
    read: list[str] = []
    connection = pika.BlockingConnection(patient(plant.reader_url))
    channel = connection.channel()
    while True:
        method, _, body = channel.basic_get(QUEUE, auto_ack=True)
        if method is None:
            break
        read += [event["id"] for event in orjson.loads(body)]
    connection.close()
    return read
