"""A connection to the broker that works by callbacks, and the bookkeeping of confirms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pika

from tests.support.rabbitmq import patient


class Client:
    """A connection with one channel; ``start`` is called once the channel is open."""

    def __init__(self, url: str, start: Callable[[Any], None]) -> None:
        self._start = start
        self.failure: Exception | None = None
        self.connection: Any = pika.SelectConnection(
            patient(url),
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._opened),
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
        )

    def run(self) -> None:
        try:
            self.connection.ioloop.start()
        finally:
            self.connection.ioloop.close()
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self.connection.close()

    def _opened(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda _, reason: self._broken(reason))
        self._start(channel)

    def _broken(self, reason: Exception) -> None:
        if not self.connection.is_closing and not self.connection.is_closed:
            self.failure = reason
            self.close()

    def _ended(self, connection: Any, reason: Exception) -> None:
        if not isinstance(reason, pika.exceptions.ConnectionClosedByClient):
            self.failure = reason
        connection.ioloop.stop()


class Confirms:
    """Numbers of what was published and not confirmed yet, in order."""

    def __init__(self) -> None:
        self.waiting: deque[int] = deque()
        self._early: set[int] = set()

    def confirmed(self, number: int, *, multiple: bool) -> int:
        """Take a confirm; return the highest number up to which everything is confirmed, or 0."""
        if multiple:
            self._early.update(n for n in self.waiting if n <= number)
        else:
            self._early.add(number)
        lowest = 0
        while self.waiting and self.waiting[0] in self._early:
            lowest = self.waiting.popleft()
            self._early.discard(lowest)
        return lowest
