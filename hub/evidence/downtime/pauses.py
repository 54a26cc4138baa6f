"""Who is paused, as running processes learn it: from the register, again every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hub.evidence.downtime import register
from hub.evidence.downtime.register import Paused
from hub.store.database import Database
from schemas.errors import RetryLater, Unavailable

_SECONDS = 2.0


@dataclass
class Pauses:
    """For any thread, on a connection that no other uses at the same time.

    ``seconds`` is how old an answer may be. While the database does not answer, what was known
    last holds.
    """

    database: Database
    clock: Callable[[], datetime]
    seconds: float = _SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _known: Paused = field(default_factory=Paused)
    _asked: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Paused:
        """Tell who is paused; asks the database at most every few seconds."""
        with self._lock:
            moment = self.monotonic()
            if self._asked is None or moment - self._asked >= self.seconds:
                self._asked = moment
                self._ask()
            return self._known

    def _ask(self) -> None:
        try:
            with self.database.transaction() as tx:
                self._known = register.paused(tx, self.clock())
        except (Unavailable, RetryLater):
            return
