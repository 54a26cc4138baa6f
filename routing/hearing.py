"""Telling a deaf consumer from an idle one.

A consumer can be lost while its connection stays up: cancelled by a fail-over, forgotten by a
broker that was restarted (kombu#814, FastStream#2758). Heartbeats do not show it. What shows it
is a queue that has messages and gives none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

Depths = Callable[[Sequence[str]], Mapping[str, int]]

_CONFIRMING = 4


class Hearing:
    """When each queue of one consumer was last heard of.

    ``patience`` is how many seconds a queue may be silent before it is looked into. It counts as
    unheard only if it is still silent, and not empty, a quarter of that later: what was found at
    first may have arrived at that moment.
    """

    def __init__(
        self, queues: Sequence[str], patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._queues = queues
        self._patience = patience
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin anew, with a new consumer."""
        now = self._clock()
        self._heard = dict.fromkeys(self._queues, now)
        self._next_look = now + self._patience
        self._suspects: frozenset[str] = frozenset()

    @property
    def until_next_look(self) -> float:
        """Seconds until it is time to look again; 0 if it is."""
        return max(self._next_look - self._clock(), 0.0)

    def heard(self, queues: Iterable[str]) -> None:
        """Note that these queues gave something."""
        now = self._clock()
        for queue in queues:
            self._heard[queue] = now

    def unheard(self, depths: Depths) -> list[str]:
        """Name queues that have messages and gave none; ``depths`` is asked only now and then."""
        if self.until_next_look:
            return []
        now = self._clock()
        # Also where the broker takes no new connection: what flows must not wait for that.
        self._next_look = now + self._patience
        silent = [queue for queue, at in self._heard.items() if now - at >= self._patience]
        found = depths(silent) if silent else {}
        waiting = frozenset(queue for queue, depth in found.items() if depth)
        confirmed = sorted(waiting & self._suspects)
        self._suspects = waiting
        if waiting:
            self._next_look = now + self._patience / _CONFIRMING
        return confirmed
