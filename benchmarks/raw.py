"""The least a client can do with a message: pika, pipelined, confirmed; no work done on it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pika

from benchmarks.client import Client, Confirms
from routing.message import PUBLISHED_AT

WINDOW = 1000
SOURCE, TARGET = "bench.source", "bench.target"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message; ``due`` (monotonic) is when it goes out, None at once."""

    body: bytes
    message_id: str
    content_type: str
    due: float | None = None


class Publishing:
    """Publishes messages, at most ``window`` of them unconfirmed, each when it is due.

    ``headers`` gives what else a message carries; ours is when it was published.
    """

    def __init__(
        self,
        url: str,
        exchange: str,
        key: str,
        messages: Iterator[Outgoing],
        window: int = WINDOW,
        headers: Callable[[Outgoing], dict[str, str]] | None = None,
    ) -> None:
        self._exchange, self._key, self._window = exchange, key, window
        self._headers = headers or _published_now
        self._messages, self._next = messages, next(messages, None)
        self._confirms, self._sent = Confirms(), 0
        self._url = url
        self._channel: Any = None

    def run(self) -> int:
        """Return how many there were, once the broker has confirmed every one of them."""
        self._client = Client(self._url, self._begin)
        self._client.run()
        return self._sent

    def _begin(self, channel: Any) -> None:
        self._channel = channel
        channel.confirm_delivery(self._on_confirm, lambda _: self._pump())

    def _on_confirm(self, frame: Any) -> None:
        _check(frame)
        self._confirms.confirmed(frame.method.delivery_tag, multiple=frame.method.multiple)
        if self._next is None and not self._confirms.waiting:
            self._client.close()
        elif self._next is not None and self._next.due is None:
            self._pump()

    def _pump(self) -> None:
        for _ in range(_AT_ONCE):
            if self._next is None or len(self._confirms.waiting) >= self._window:
                return
            wait = (self._next.due or 0) - time.monotonic()
            if self._next.due is not None and wait > 0:
                self._client.connection.ioloop.call_later(wait, self._pump)
                return
            self._publish(self._next)
            self._next = next(self._messages, None)
        self._client.connection.ioloop.call_later(0, self._pump)

    def _publish(self, message: Outgoing) -> None:
        properties = pika.BasicProperties(
            message_id=message.message_id,
            content_type=message.content_type,
            content_encoding="utf-8",
            delivery_mode=2,
            headers=self._headers(message),
        )
        self._sent += 1
        self._confirms.waiting.append(self._sent)
        self._channel.basic_publish(self._exchange, self._key, message.body, properties)


def _check(frame: Any) -> None:
    if isinstance(frame.method, pika.spec.Basic.Nack):
        raise RuntimeError("the broker refused a message")  # noqa: TRY004 - no matter of types


def _published_now(_: Outgoing) -> dict[str, str]:
    return {PUBLISHED_AT: datetime.now(UTC).isoformat()}


@dataclass
class Forwarding:
    """Takes messages of one queue into another: prefetch 1000, acknowledged once confirmed."""

    url: str
    messages: int
    source: str = SOURCE
    target: str = TARGET
    taken: deque[int] = field(default_factory=deque)
    confirms: Confirms = field(default_factory=Confirms)
    done: int = 0

    def run(self) -> int:
        """Forward so many and return once the last is acknowledged."""
        self.client = Client(self.url, self._begin)
        self.client.run()
        return self.done

    def _begin(self, channel: Any) -> None:
        self.channel = channel
        channel.basic_qos(prefetch_count=WINDOW)
        channel.confirm_delivery(
            self._on_confirm,
            lambda _: channel.basic_consume(self.source, self._on_message),
        )

    def _on_message(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.taken.append(method.delivery_tag)
        self.confirms.waiting.append(len(self.taken) + self.done)
        channel.basic_publish("", self.target, body, properties, mandatory=True)

    def _on_confirm(self, frame: Any) -> None:
        _check(frame)
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        upto = self.confirms.confirmed(tag, multiple=multiple)
        if not upto:
            return
        while self.done < upto:
            tag = self.taken.popleft()
            self.done += 1
        self.channel.basic_ack(tag, multiple=True)
        if self.done >= self.messages:
            self.client.close()


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Fill in, at the end of the block, its ``seconds`` and the ``cpu`` seconds of this process."""
    spent: dict[str, float] = {}
    began, busy = time.monotonic(), time.process_time()
    yield spent
    spent["seconds"] = time.monotonic() - began
    spent["cpu"] = time.process_time() - busy
