"""One life of one connection to RabbitMQ: opened, used, lost.

Owned by an I/O thread, which runs ``run`` and every method that starts with ``_on``; workers
call the public methods. pika answers heartbeats in the I/O thread, whatever a worker does.
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pika
from pika.exceptions import AMQPError

from routing import keys, wire
from routing.acks import Acks
from routing.confirms import Batch, Confirms
from routing.connection import Connection
from routing.frames import Expected, read_deliveries
from routing.inbox import Inbox
from routing.loss import Loss
from routing.message import Delivery
from schemas.errors import Parked, Unavailable

_log = logging.getLogger(__name__)

BUDGET = 32 * 1024 * 1024
_REDUCTION = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link consumes; ``prefetch`` is per queue, ``yielding`` the same for those that
    yield, ``budget`` the bytes that may wait."""

    queues: Sequence[str] = ()
    prefetch: int = 1
    yielding: int = 1
    budget: int = BUDGET

    def reduced(self) -> Wanted:
        """Ask for less: bodies turned out larger than the prefetch assumed."""
        return replace(
            self,
            prefetch=max(1, self.prefetch // _REDUCTION),
            yielding=max(1, self.yielding // _REDUCTION),
        )

    def by_prefetch(self) -> Iterator[tuple[int, list[str]]]:
        """The queues by how many of each may be unacknowledged."""
        for yields, most in ((False, self.prefetch), (True, self.yielding)):
            yield most, [queue for queue in self.queues if keys.yields(queue) is yields]


class Link:
    """A connection with one channel in confirm mode, consuming what is ``wanted``.

    ``generation`` tags its deliveries. ``on_ready`` is called once it can be used. ``wanted``
    is what its successor should want: less, if this one was about to exhaust memory.
    """

    def __init__(
        self, parameters: Any, generation: int, wanted: Wanted, on_ready: Callable[[Link], None]
    ) -> None:
        self.generation = generation
        self.inbox = Inbox(keys.yields)
        self.wanted = wanted
        self._on_ready = on_ready
        self._confirms = Confirms()
        self._acks = Acks()
        self._channel: Any = None
        self._loss: Loss | None = None
        self._blocked = False
        self._lock = threading.Lock()  # guards the two below: a batch is failed or never taken
        self._ended = False
        self._batches: set[Batch] = set()
        self._consumed = Expected(generation, 0, {})
        self._connection = Connection(
            parameters,
            self._take,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
        )

    def run(self) -> Loss:
        """Live; return why it ended."""
        try:
            self._connection.ioloop.start()
        except Exception as error:  # noqa: BLE001 - a defect may cost the link, not the thread
            _log.exception("connection dropped by a defect")
            self._loss = Loss.of(error)
        loss = self._loss or Loss(0, "closed")
        with self._lock:
            self._ended = True
            self._connection.ioloop.close()
            for batch in self._batches:
                batch.fail(loss.error_for(batch))
        self.inbox.close()
        return loss

    def publish(self, batch: Batch) -> None:
        """Send a batch, to be waited for and then forgotten."""
        with self._lock:
            if self._ended:
                raise Unavailable("broker: connection lost")
            if self._blocked:  # it would neither arrive nor leave our memory
                raise Unavailable("broker: publishing is blocked by a resource alarm")
            self._batches.add(batch)
            self._connection.ioloop.add_callback_threadsafe(partial(self._on_publish, batch))

    def forget(self, batch: Batch) -> None:
        """Stop caring for a batch."""
        with self._lock:
            self._batches.discard(batch)

    def settle(self, numbers: Iterable[int], *, requeue: bool = False) -> None:
        """Acknowledge deliveries, or give them back; too late is not an error."""
        self._call(partial(self._on_settle, tuple(numbers), requeue))

    def close(self) -> None:
        """End in good order: what was handed over before is still sent."""
        self._call(self._on_close)

    def replace(self, why: str) -> None:
        """End, to be followed by another link: this one is up, but of no use."""
        self._call(lambda: self._lose(Loss(0, why)))

    def _call(self, work: Callable[[], None]) -> None:
        with self._lock:
            if not self._ended:
                self._connection.ioloop.add_callback_threadsafe(work)

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._on_channel)

    def _on_blocked(self, _connection: Any, _frame: Any) -> None:
        self._blocked = True

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self._blocked = False

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_returned)
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirming)

    def _on_confirming(self, _frame: Any) -> None:
        consumed = {}
        for most, queues in self.wanted.by_prefetch():
            self._channel.basic_qos(prefetch_count=most)  # of each consumer from here on
            for queue in queues:
                tag = self._channel.basic_consume(queue, partial(self._on_delivery, queue))
                consumed[tag.encode()] = queue
        self._consumed = Expected(self.generation, self._channel.channel_number, consumed)
        self._on_ready(self)

    def _take(self, buffer: bytes) -> int:
        """Take the deliveries that the buffer begins with, and say how many bytes they are."""
        if not (self._consumed.queues and self._channel.is_open):
            return 0
        deliveries, size = read_deliveries(buffer, self._consumed)
        if deliveries:
            self._put(deliveries)
        return size

    def _on_delivery(
        self, queue: str, _channel: Any, method: Any, properties: Any, body: bytes
    ) -> None:
        self._put([wire.to_delivery(self.generation, queue, method, properties, body)])

    def _put(self, deliveries: Sequence[Delivery]) -> None:
        if self.inbox.put(deliveries) > self.wanted.budget and self.wanted.prefetch > 1:
            # AMQP cannot take back what it has promised a consumer; a closed channel does.
            self.wanted = self.wanted.reduced()
            self._lose(Loss(0, f"large messages: prefetch reduced to {self.wanted.prefetch}"))

    def _on_publish(self, batch: Batch) -> None:
        for message in batch.messages if self._channel.is_open else ():
            try:
                self._channel.basic_publish(
                    message.exchange,
                    message.routing_key,
                    message.body,
                    wire.to_properties(message),
                    mandatory=True,
                )
            except (AMQPError, ValueError, TypeError, struct.error) as error:
                batch.spoil(Parked("unpublishable", f"a property: {type(error).__name__}"))
                batch.answered()
            else:
                self._confirms.sent(batch)

    def _on_confirm(self, frame: Any) -> None:
        settled = frame.method
        if isinstance(settled, pika.spec.Basic.Ack):
            self._confirms.confirmed(settled.delivery_tag, multiple=settled.multiple)
        else:
            self._confirms.rejected(settled.delivery_tag, multiple=settled.multiple)

    def _on_returned(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        self._confirms.returned(method.exchange, method.routing_key)

    def _on_settle(self, numbers: Sequence[int], requeue: bool) -> None:
        if not self._channel.is_open:
            return
        for frame in self._acks.settle(numbers):
            if requeue:
                self._channel.basic_nack(frame.number, multiple=frame.multiple, requeue=True)
            else:
                self._channel.basic_ack(frame.number, multiple=frame.multiple)

    def _on_cancelled(self, _frame: Any) -> None:
        self._lose(Loss(0, "the broker cancelled a consumer: its queue moved or was deleted"))

    def _on_channel_closed(self, _channel: Any, reason: Exception) -> None:
        self._lose(Loss.of(reason))

    def _on_close(self) -> None:
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _lose(self, loss: Loss) -> None:
        """Give up the connection: a channel without its consumers would be up, but deaf."""
        self._loss = self._loss or loss
        self._on_close()

    def _on_end(self, _connection: Any, reason: Exception) -> None:
        self._loss = self._loss or Loss.of(reason)
        self._connection.ioloop.stop()
