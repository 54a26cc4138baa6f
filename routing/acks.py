"""Which acknowledgements to send for the deliveries of one channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settlement:
    """One frame to send: settles ``number``, and with ``multiple`` all before it."""

    number: int
    multiple: bool


class Acks:
    """Settled delivery tags of one channel, whose numbers run from 1 without gaps.

    ``multiple`` would also settle deliveries still in hand, so it reaches only up to the
    low-water mark: the number up to which everything is settled. What was settled before is
    not settled again, for the broker closes a channel over an unknown tag.
    """

    def __init__(self) -> None:
        self._mark = 0
        self._above: set[int] = set()

    def settle(self, numbers: Iterable[int]) -> list[Settlement]:
        """Take note of newly settled deliveries and say which frames tell the broker."""
        fresh = {n for n in numbers if n > self._mark} - self._above
        self._above |= fresh
        while self._mark + 1 in self._above:
            self._mark += 1
            self._above.remove(self._mark)
        below = [n for n in fresh if n <= self._mark]
        alone = sorted(n for n in fresh if n > self._mark)
        together = [Settlement(max(below), multiple=len(below) > 1)] if below else []
        return together + [Settlement(n, multiple=False) for n in alone]
