"""How much one ministry may ask in a while: a token bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.errors import Refused


class QuotaExceeded(Refused):
    """Too many requests; the next one is welcome after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__("quota-exceeded", "", f"more requests than agreed; wait {seconds} s")
        self.seconds = seconds


@dataclass(slots=True)
class Quota:
    """``burst`` requests at once, ``per_minute`` in the long run. For one thread."""

    per_minute: int
    burst: int
    _left: float = -1
    _at: float = 0.0

    def spend(self, now: float) -> None:
        """Count one request at ``now`` (monotonic, seconds); raise ``QuotaExceeded``."""
        left = self.burst if self._left < 0 else self._left
        rate = self.per_minute / 60
        left = min(left + (now - self._at) * rate, self.burst)
        self._at = now
        if left < 1:
            self._left = left
            raise QuotaExceeded(math.ceil((1 - left) / rate))
        self._left = left - 1
