"""Looks that read whole tables: often while these are small, and never most of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pacing:
    """Lets a look be taken for a ``share`` of the time at most, however long it comes to take.

    What is asked for while the last look rests is left out. One that took less than ``slight``
    seconds need not rest.
    """

    share: float = 0.1
    slight: float = 1.0
    seconds: Callable[[], float] = time.monotonic
    _rests_until: float = field(default=float("-inf"))

    def look(self, look: Callable[[], object]) -> bool:
        """Look if that is due, and tell whether it was."""
        began = self.seconds()
        if began < self._rests_until:
            return False
        try:
            look()
        finally:
            ended = self.seconds()
            if (took := ended - began) >= self.slight:
                self._rests_until = ended + took * (1 / self.share - 1)
        return True
