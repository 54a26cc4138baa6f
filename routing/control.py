"""The control plane, on kombu: laying out the bus, checking it, and publishing now and then.

AMQP cannot list bindings, so ``check`` compares exchanges and queues, and ``declare`` puts
bindings back. What a lost binding would lose goes to the alternate exchanges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import kombu
from amqp.exceptions import AccessRefused, MessageNacked, NotFound, PreconditionFailed

from routing import address
from routing.bus import NotConfirmed, Unroutable
from routing.loss import reason
from routing.message import Message
from routing.topology import Exchange, Queue, Topology
from routing.windows import windows
from schemas.errors import Slow, Stop, Unavailable

CONFIRM_SECONDS = 30.0
_PERSISTENT = 2
_DIFFERENCE = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for .*?:"
    r" received (?P<wanted>.+?) but current is (?P<present>.+)$"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """Something on the broker that is not as it should be; ``difference`` names the first."""

    kind: str
    name: str
    difference: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.difference}"


def declare(url: str, topology: Topology) -> None:
    """Create what is missing; idempotent. Raises ``Stop`` naming all that exists but differs."""
    with _connection(url) as connection:
        drifts = [drift for item in _items(topology) if (drift := _declare(connection, item))]
        if drifts:
            raise Stop("topology has drifted: " + "; ".join(map(str, drifts)))
        with connection.channel() as channel:
            for binding in topology.bindings:
                channel.queue_bind(binding.queue, binding.exchange, binding.key)


def check(url: str, topology: Topology) -> list[Drift]:
    """Compare the broker with ``topology`` and change nothing. Raises as ``depths``."""
    with _asking(url), _connection(url) as connection:
        return [drift for item in _items(topology) if (drift := _check(connection, item))]


def depths(url: str, queues: Iterable[str]) -> dict[str, int]:
    """Ready messages per queue; a queue that does not exist is absent.

    Raises ``Slow`` where the broker lets us in but does not answer in time, ``Unavailable`` where
    it does not let us in.
    """
    with _asking(url):
        return {queue: found.message_count for queue, found in _looked_at(url, queues)}


def consumers(url: str, queues: Iterable[str]) -> dict[str, int]:
    """Consumers per queue, as ``depths``."""
    with _asking(url):
        return {queue: found.consumer_count for queue, found in _looked_at(url, queues)}


def purge(url: str, queues: Iterable[str]) -> None:
    """Empty queues, for tests and desks; what is missing is passed over."""
    with _connection(url) as connection:
        for queue in queues:
            _on_queue(connection, lambda bound, **_: bound.purge(), queue)


def delete(url: str, topology: Topology) -> None:
    """Remove queues with what is in them, and exchanges. For tests."""
    with _connection(url) as connection, connection.channel() as channel:
        for queue in topology.queues:
            channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            channel.exchange_delete(exchange.name)


class ControlPublisher:
    """A ``Publisher`` for pollers and operators: one confirmed round trip a message, one thread.

    It connects at the first publish, and again after any failure: a late confirm must never be
    taken for that of the next message.
    """

    def __init__(self, url: str, *, confirm_timeout: float = CONFIRM_SECONDS) -> None:
        self._url = url
        self._confirm_timeout = confirm_timeout
        self._connection: Any = None
        self._channel: Any = None
        self._returned: list[Unroutable] = []

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish one after the other, as ``Publisher.publish``."""
        try:
            with _translated():
                for window in windows(messages):
                    for message in window:
                        self._publish(message)
        except Unroutable:
            raise
        except BaseException:
            self._abandon()
            raise

    def close(self) -> None:
        """Close the connection; idempotent."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.release()

    def _abandon(self) -> None:
        """Drop the connection without a word: it may not be listening."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()

    def _publish(self, message: Message) -> None:
        self._connect()
        self._returned.clear()
        try:
            self._send(message)
        except NotFound:
            self._abandon()
            raise Unroutable(message.exchange, message.routing_key) from None
        if self._returned:
            raise self._returned[0]

    def _send(self, message: Message) -> None:
        kombu.Producer(self._channel).publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.routing_key,
            content_type=message.content_type or "application/octet-stream",
            headers=dict(message.headers),
            delivery_mode=_PERSISTENT,
            mandatory=True,
            confirm_timeout=self._confirm_timeout,
            **_optional(message),
        )

    def _connect(self) -> None:
        if self._channel is None:
            self._connection = _connect(self._url)
            self._channel = self._connection.channel()
            self._channel.events["basic_return"].add(self._on_return)

    def _on_return(self, _error: Exception, exchange: str, key: str, _message: object) -> None:
        self._returned.append(Unroutable(exchange, key))


def _optional(message: Message) -> dict[str, Any]:
    properties = {
        "message_id": message.message_id or None,
        "user_id": message.user_id,
        "timestamp": message.timestamp and int(message.timestamp.timestamp()),
    }
    return {name: value for name, value in properties.items() if value is not None}


@contextmanager
def _connection(url: str) -> Iterator[Any]:
    with _translated():
        connection = _connect(url)
        try:
            yield connection
        finally:
            connection.release()


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Tell a broker that is busy from one that is gone: the first lets us in.

    A connection that does not answer looks the same in either case; only a new one tells.
    """
    try:
        yield
    except NotConfirmed as late:
        with _connection(url):
            raise Slow(f"{late}; it is slow, not down") from None


def _connect(url: str) -> Any:
    """Open a connection to the first broker of ``url`` that answers."""
    refusal: Exception = ConnectionError("there is no address to ask")
    for connection in address.connections(url):
        try:
            connection.ensure_connection(
                max_retries=1, interval_start=0, reraise_as_library_errors=False
            )
        except _FAILURES as error:
            refusal = error
        else:
            return connection
    raise Unavailable(f"broker: {reason(refusal)}") from None


@contextmanager
def _translated() -> Iterator[None]:
    """Turn kombu's errors into what to do next."""
    try:
        yield
    except TimeoutError:
        raise NotConfirmed("broker: no answer in time") from None
    except MessageNacked:
        raise NotConfirmed("broker: it refused a message (nack)") from None
    except AccessRefused as error:
        raise Stop(f"broker: {error}") from None
    except _FAILURES as error:
        raise Unavailable(f"broker: {reason(error)}") from None


_FAILURES: tuple[type[Exception], ...] = (
    *kombu.Connection("amqp://").connection_errors,
    *kombu.Connection("amqp://").channel_errors,
)


def _items(topology: Topology) -> Iterator[Exchange | Queue]:
    yield from topology.exchanges
    yield from topology.queues


def _entity(item: Exchange | Queue) -> Any:
    if isinstance(item, Exchange):
        return kombu.Exchange(item.name, item.kind, durable=True, arguments=item.arguments)
    return kombu.Queue(item.name, durable=True, queue_arguments=item.arguments)


def _declare(connection: Any, item: Exchange | Queue, *, passive: bool = False) -> Drift | None:
    """Declare on a channel of its own, which a refusal closes."""
    kind = type(item).__name__.lower()
    with connection.channel() as channel:
        entity = _entity(item)(channel)
        act = entity.declare if isinstance(item, Exchange) else entity.queue_declare
        try:
            act(passive=passive)
        except NotFound:
            return Drift(kind, item.name, "missing")
        except PreconditionFailed as error:
            return Drift(kind, item.name, _difference(error.reply_text))
    return None


def _check(connection: Any, item: Exchange | Queue) -> Drift | None:
    """Ask whether it exists, and only then declare it, which cannot create anything any more."""
    return _declare(connection, item, passive=True) or _declare(connection, item)


def _looked_at(url: str, queues: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Ask for queues on one channel, opened anew only where a missing one has closed it."""
    with _connection(url) as connection:
        channel = connection.channel()
        for queue in queues:
            try:
                yield queue, kombu.Queue(queue)(channel).queue_declare(passive=True)
            except NotFound:
                channel = connection.channel()


def _on_queue(connection: Any, act: Callable[..., Any], queue: str) -> Any:
    """Do something to an existing queue; answer None if there is none."""
    with connection.channel() as channel:
        try:
            return act(kombu.Queue(queue)(channel), passive=True)
        except NotFound:
            return None


def _difference(text: str) -> str:
    """Say briefly what the broker says at length; type names are noise."""
    found = _DIFFERENCE.search(re.sub(r"the value ('[^']*') of type '[^']*'", r"\1", text))
    if found is None:
        return text
    return "{argument} is {present}, expected {wanted}".format(**found.groupdict())
