"""Deliveries on their way from the thread that reads them to the worker that handles them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from routing.message import Delivery

LINGER = 0.010
BATCH_BYTES = 1024 * 1024
"""A batch ends with the delivery that reaches this, however few they are."""

YIELDING_BYTES = 256 * 1024
"""The same for what yields: whoever must not wait for it waits for one such batch at most."""

LEAST_BYTES = 16 * 1024
"""The same while something else keeps coming: one chunk of a load, or some single messages."""

TAKEN_SECONDS = 1.0
"""For so long after it was taken something counts as coming."""

_LULLS = 10

WaitUntil = Callable[[int, float], int]
"""``(count, seconds)``: wait until that many are there or time is up; answer how many are."""


def gather(wait_until: WaitUntil, limit: int, timeout: float, linger: float) -> None:
    """Wait for a batch: ``limit`` deliveries, or ``linger`` seconds after the first, or a lull.

    A lull is a tenth of ``linger`` in which nothing came: an idle queue gives batches of one
    at once, a busy one gives full batches.
    """
    present = wait_until(1, timeout)
    end = time.monotonic() + linger
    while 0 < present < limit and (left := end - time.monotonic()) > 0:
        arrived = wait_until(limit, min(left, linger / _LULLS))
        if arrived == present:
            return
        present = arrived


class Inbox:
    """A hand-off between two threads, bounded by the prefetch of the consumers that fill it.

    What comes from queues that ``yields`` names is taken when nothing else waits, and in small
    batches, in the smallest while something else keeps coming: a load of days does not hold up what
    happens now. ``seconds`` is a clock that only goes forward.
    """

    def __init__(
        self,
        yields: Callable[[str], bool] = lambda _queue: False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed = threading.Condition()
        self._yields = yields
        self._seconds = seconds
        self._taken = float("-inf")
        self._waiting: deque[Delivery] = deque()
        self._yielding: deque[Delivery] = deque()
        self._bytes = 0
        self._wanted = 1
        self._open = True

    def put(self, deliveries: Iterable[Delivery]) -> int:
        """Add deliveries and answer how many bytes wait; wakes a worker that has enough."""
        with self._changed:
            for delivery in deliveries:
                place = self._yielding if self._yields(delivery.queue) else self._waiting
                place.append(delivery)
                self._bytes += len(delivery.body)
            if self._present() >= self._wanted:
                self._changed.notify_all()
            return self._bytes

    def close(self) -> None:
        """Wake the worker: nothing here can be acknowledged any more."""
        with self._changed:
            self._open = False
            self._waiting.clear()
            self._yielding.clear()
            self._changed.notify_all()

    def take(self, limit: int, timeout: float, linger: float) -> list[Delivery]:
        """Gather at most ``limit`` deliveries; none if time is up or the inbox was closed."""
        with self._changed:
            gather(self._wait_until, limit, timeout, linger)
            return list(self._popped(limit))

    def queues(self) -> set[str]:
        """Name the queues whose deliveries wait here."""
        with self._changed:
            return {delivery.queue for delivery in (*self._waiting, *self._yielding)}

    def _popped(self, limit: int) -> Iterator[Delivery]:
        source, most, now = self._waiting, BATCH_BYTES, self._seconds()
        if source:
            self._taken = now
        else:
            alone = now - self._taken >= TAKEN_SECONDS
            source, most = self._yielding, YIELDING_BYTES if alone else LEAST_BYTES
        size = 0
        while source and limit > 0 and size < most:
            delivery = source.popleft()
            limit -= 1
            size += len(delivery.body)
            self._bytes -= len(delivery.body)
            yield delivery

    def _wait_until(self, count: int, seconds: float) -> int:
        self._wanted = count
        self._changed.wait_for(
            lambda: self._present() >= count or not self._open, max(seconds, 0.0)
        )
        return self._present()

    def _present(self) -> int:
        return len(self._waiting) or len(self._yielding)
