"""What the hub needs of a bus. RabbitMQ and the in-memory bus both keep this contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from routing.message import Delivery, Message
from schemas.errors import Unavailable


class Unroutable(Exception):
    """The broker confirmed nothing: no queue is bound for ``exchange`` and ``routing_key``."""

    def __init__(self, exchange: str, routing_key: str) -> None:
        super().__init__(f"no queue for key {routing_key!r} on exchange {exchange!r}")
        self.exchange = exchange
        self.routing_key = routing_key


class NotConfirmed(Unavailable):
    """The broker refused (nack) or did not confirm in time; the message may or may not be there."""


class Publisher(Protocol):
    """Publishes with confirms."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish all and return when the broker has confirmed and routed every one.

        Raises ``Unroutable`` (a mandatory message came back), ``NotConfirmed`` (nack, time-out)
        or ``Unavailable`` (connection lost). After an exception any subset may have arrived;
        publishing the same again is safe because every effect is idempotent.
        """
        ...

    def close(self) -> None:
        """Release the connection; idempotent."""
        ...


class Subscription(Publisher, Protocol):
    """Consumes from some queues and publishes, on one connection."""

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Wait up to ``timeout`` seconds for a first delivery, then take what is there.

        Gathers adaptively: returns at ``limit`` deliveries, or when ``linger`` (10 ms by default)
        has passed since the first, or at once when idle. Raises ``Unavailable`` while the
        connection is down (it reconnects by itself, with backoff).
        """
        ...

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge; tags of an earlier channel generation are dropped, not sent."""
        ...

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give deliveries back to the queue unhandled (nack with requeue)."""
        ...


class Bus(Protocol):
    """A broker, seen from the data plane."""

    def publisher(self) -> Publisher:
        """Open a publishing connection."""
        ...

    def subscribe(
        self, queues: Sequence[str], *, prefetch: int, yielding: int | None = None
    ) -> Subscription:
        """Open a consuming and publishing connection on ``queues``.

        ``prefetch`` is how many of each queue may be unacknowledged, ``yielding`` the same for
        those that yield (``keys.yields``), if that is another number.
        """
        ...

    def depths(self, queues: Sequence[str]) -> dict[str, int]:
        """Ready messages per queue; a queue that does not exist is absent from the answer."""
        ...

    def close(self) -> None:
        """Release what the bus holds; idempotent."""
        ...
