"""Publisher confirms, pipelined: which message of which batch the broker has answered for."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from routing.bus import NotConfirmed, Unroutable
from routing.message import Message


class Batch:
    """Messages published together; a worker waits for it, the I/O thread settles it."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self._unanswered = len(messages)
        self._error: Exception | None = None
        self._done = threading.Event()

    def holds(self, exchange: str, routing_key: str) -> bool:
        """Tell whether a message of the batch was published there."""
        return any(m.exchange == exchange and m.routing_key == routing_key for m in self.messages)

    def spoil(self, error: Exception) -> None:
        """Note an error, to be raised when all answers are in; the first one counts."""
        self._error = self._error or error

    def answered(self) -> None:
        """Count one answer of the broker."""
        self._unanswered -= 1
        if self._unanswered == 0:
            self._done.set()

    def fail(self, error: Exception) -> None:
        """End the batch now: no more answers will come."""
        self.spoil(error)
        self._done.set()

    def wait(self, seconds: float) -> None:
        """Wait for all answers; raise what spoiled the batch, or ``NotConfirmed`` if time is up."""
        if not self._done.wait(seconds):
            raise NotConfirmed(f"broker: no confirm within {seconds:g} s")
        if self._error is not None:
            raise self._error


class Confirms:
    """Sequence numbers of one channel. Used by its I/O thread only.

    The broker answers in any order and often for many at once (``multiple``). It returns an
    unroutable message before it confirms it, without its number: whoever waits for a message
    with that exchange and key is told.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lowest = 1
        self._open: dict[int, Batch] = {}

    def sent(self, batch: Batch) -> None:
        """Note that the next message of ``batch`` went out."""
        self._last += 1
        self._open[self._last] = batch

    def confirmed(self, number: int, *, multiple: bool) -> None:
        """Note the broker's acknowledgement."""
        for batch in self._take(number, multiple=multiple):
            batch.answered()

    def rejected(self, number: int, *, multiple: bool) -> None:
        """Note the broker's refusal to take responsibility."""
        for batch in self._take(number, multiple=multiple):
            batch.spoil(NotConfirmed("broker: it refused a message (nack)"))
            batch.answered()

    def returned(self, exchange: str, routing_key: str) -> None:
        """Note that a message found no queue."""
        for batch in set(self._open.values()):
            if batch.holds(exchange, routing_key):
                batch.spoil(Unroutable(exchange, routing_key))

    def _take(self, number: int, *, multiple: bool) -> list[Batch]:
        first = self._lowest if multiple else number
        taken = [self._open.pop(n) for n in range(first, number + 1) if n in self._open]
        if multiple:
            self._lowest = max(self._lowest, number + 1)
        return taken
