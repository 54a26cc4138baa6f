"""RabbitMQ as a bus: the data plane, on pika's SelectConnection.

Every publisher and subscription has a connection and an I/O thread of its own, so heartbeats
are answered while a worker is busy, and publishing never re-enters consuming.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from routing import address, control, wire
from routing.compression import compressed
from routing.confirms import Batch
from routing.hearing import Depths, Hearing
from routing.inbox import LINGER
from routing.lifeline import Lifeline
from routing.link import BUDGET, Link, Wanted
from routing.message import Delivery, Message
from routing.observer import Observer, Unobserved
from routing.windows import windows
from schemas.errors import Unavailable

_log = logging.getLogger(__name__)

CONFIRM_SECONDS = 30.0
CONNECT_SECONDS = 5.0
DEAF_SECONDS = 60.0


class RabbitPublisher:
    """Publishes with pipelined confirms, ``mandatory`` always on; may be used by many threads."""

    def __init__(
        self,
        lifeline: Lifeline,
        confirm_timeout: float,
        observer: Observer | None = None,
        *,
        compress: bool = True,
    ) -> None:
        self._lifeline = lifeline
        self._confirm_timeout = confirm_timeout
        self._observer = observer or Unobserved()
        self._compress = compress

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish as ``Publisher.publish``; the confirm time-out is for each 1,000 messages."""
        for window in windows(compressed(messages) if self._compress else messages):
            link = self._lifeline.link(CONNECT_SECONDS)
            batch, began = Batch(window), time.monotonic()
            link.publish(batch)
            try:
                batch.wait(self._confirm_timeout)
                self._observer.observe("confirm_seconds", time.monotonic() - began)
            finally:
                link.forget(batch)

    def close(self) -> None:
        """Close the connection; what was not acknowledged goes back to its queue."""
        self._lifeline.close()


class RabbitSubscription(RabbitPublisher):
    """Consumes and publishes; ``receive``, ``ack`` and ``release`` are for one worker thread.

    A consumer that has gone deaf is noticed and replaced, see ``Hearing``.
    """

    def __init__(
        self,
        lifeline: Lifeline,
        confirm_timeout: float,
        *,
        linger: float,
        hearing: Hearing,
        depths: Depths,
        observer: Observer,
        compress: bool = True,
    ) -> None:
        super().__init__(lifeline, confirm_timeout, observer, compress=compress)
        self._linger = linger
        self._hearing = hearing
        self._depths = depths

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Gather a batch; a reconnect that succeeds within ``timeout`` is no error."""
        end = time.monotonic() + timeout
        while True:
            link = self._lifeline.link(max(end - time.monotonic(), 0.0))
            self._listen(link)
            left = min(end - time.monotonic(), self._hearing.until_next_look)
            deliveries = link.inbox.take(limit, max(left, 0.0), self._linger)
            self._hearing.heard(delivery.queue for delivery in deliveries)
            if deliveries or time.monotonic() >= end:
                return deliveries

    def _listen(self, link: Link) -> None:
        """Replace the link if a queue gives nothing although it is not empty.

        Everything received before is settled by now: what a queue owes is not in our hands.
        """
        if self._hearing.until_next_look:
            return
        self._hearing.heard(link.inbox.queues())
        try:
            unheard = self._hearing.unheard(self._depths)
        except Unavailable:
            return
        if unheard:
            for queue in unheard:
                self._observer.count("consumers_rebuilt", queue=queue)
            _log.warning("deaf consumer replaced: %s", ", ".join(unheard))
            self._hearing.reset()
            link.replace(f"deaf to {', '.join(unheard)}")

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge; stale tags are dropped. Returns before the broker has seen it."""
        self._settle(deliveries, requeue=False)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back to the queue; stale tags are dropped."""
        self._settle(deliveries, requeue=True)

    def _settle(self, deliveries: Iterable[Delivery], *, requeue: bool) -> None:
        tags = sorted((d.tag.generation, d.tag.number) for d in deliveries)
        for generation, group in itertools.groupby(tags, key=lambda tag: tag[0]):
            link = self._lifeline.current(generation)
            if link is not None:
                link.settle((number for _, number in group), requeue=requeue)


class RabbitBus:
    """A broker by URL, ``amqp://`` or ``amqps://``; several, separated by ``;``, form a cluster.

    ``linger`` and ``confirm_timeout`` are seconds; ``name`` shows in the broker's connection list.
    ``budget`` bounds the bytes a subscription holds in advance, whatever its prefetch.
    A consumer that hears nothing for ``deaf_after`` seconds of a queue that is not empty is
    replaced, and counted by ``observer``. With ``compress`` canonical batches travel compressed.
    Raises ``Stop`` for a URL that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "qovsaq",
        linger: float = LINGER,
        confirm_timeout: float = CONFIRM_SECONDS,
        budget: int = BUDGET,
        deaf_after: float = DEAF_SECONDS,
        observer: Observer | None = None,
        compress: bool = True,
    ) -> None:
        wire.tolerate_unreadable_headers()
        self._url = url
        self._name = name
        self._parameters = address.parameters(url, name)
        self._linger = linger
        self._confirm_timeout = confirm_timeout
        self._budget = budget
        self._deaf_after = deaf_after
        self._observer = observer or Unobserved()
        self._compress = compress
        self._open: list[RabbitPublisher] = []

    def publisher(self) -> RabbitPublisher:
        """Open a publishing connection; it connects, and reconnects, by itself."""
        lifeline = Lifeline(self._brokers, Wanted())
        publisher = RabbitPublisher(
            lifeline, self._confirm_timeout, self._observer, compress=self._compress
        )
        return self._opened(publisher)

    def subscribe(
        self, queues: Sequence[str], *, prefetch: int, yielding: int | None = None
    ) -> RabbitSubscription:
        """Open a consuming and publishing connection as ``Bus.subscribe``."""
        wanted = Wanted(tuple(queues), prefetch, yielding or prefetch, self._budget)
        lifeline = Lifeline(self._brokers, wanted)
        subscription = RabbitSubscription(
            lifeline,
            self._confirm_timeout,
            linger=self._linger,
            hearing=Hearing(queues, self._deaf_after),
            depths=self.depths,
            observer=self._observer,
            compress=self._compress,
        )
        self._opened(subscription)
        return subscription

    def depths(self, queues: Sequence[str]) -> dict[str, int]:
        """Ready messages per existing queue.

        Raises ``Unavailable`` if the broker is down, or its certificates cannot be read just now.
        """
        try:
            return control.depths(self._url, queues)
        except address.Unreadable as unreadable:  # it could be when the bus was opened
            raise Unavailable(f"broker: {unreadable}") from None

    def _brokers(self) -> Sequence[Any]:
        """Parameters with the certificates that lie there now, or with those of before."""
        try:
            self._parameters = address.parameters(self._url, self._name)
        except address.Unreadable:
            _log.warning("the broker's certificates cannot be read; those of before are used")
        return self._parameters

    def close(self) -> None:
        """Close every connection opened here."""
        while self._open:
            self._open.pop().close()

    def _opened(self, publisher: RabbitPublisher) -> RabbitPublisher:
        self._open.append(publisher)
        return publisher
