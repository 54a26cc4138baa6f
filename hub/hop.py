"""The loop every consuming worker runs: batches, isolation, suspects, outages, clean stop.

What a hop does with a batch is its handler's business; when to take, repeat, isolate, pause and
acknowledge is decided here, once. A delivery is acknowledged only after its handler returned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from routing.bus import Subscription
from routing.message import Delivery
from routing.observer import Observer
from schemas.errors import Stop, Unavailable

_log = structlog.get_logger()


class Handler(Protocol):
    """What a hop does. Both verbs return only when their effect is durable, and are idempotent."""

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Handle a batch as one unit; any exception but ``Unavailable`` and ``Stop`` isolates."""
        ...

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """Handle one delivery whose batch failed; decide retry or parking record by record."""
        ...

    def claim(self, delivery: Delivery, now: datetime) -> int:
        """Claim a suspect durably before it is touched; return how often that was done before
        and now without an ``absolve``."""
        ...

    def absolve(self, delivery: Delivery) -> None:
        """Clear a suspect that was handled after all."""
        ...

    def convict(self, delivery: Delivery, now: datetime) -> None:
        """Park what a suspect holds that has no outcome yet: handling it kills the process."""
        ...

    def idle(self, now: datetime) -> None:
        """Use a quiet moment: heartbeats and the like."""
        ...

    def close(self) -> None:
        """Release what the handler holds."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How a hop takes work: batch size, how long it waits for work, and its outage backoff.

    ``crashes`` is how often a process may die over one message, handled alone, before the
    message is parked: more than once, because kill -9 and power cuts hit innocents too.
    """

    batch: int = 250
    crashes: int = 3
    wait_seconds: float = 1.0
    pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


class Hop:
    """A consuming worker: one subscription, one handler, one thread."""

    def __init__(
        self,
        name: str,
        subscription: Subscription,
        handler: Handler,
        *,
        clock: Callable[[], datetime],
        observer: Observer,
        pace: Pace | None = None,
    ) -> None:
        self.name = name
        self._subscription = subscription
        self._handler = handler
        self._clock = clock
        self._observer = observer
        self._pace = pace or Pace()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is in hand then is finished or given back."""
        try:
            while not stop.is_set():
                self.step(stop)
        finally:
            self.close()

    def close(self) -> None:
        """Give back what is in hand and release the connections."""
        self._subscription.close()
        self._handler.close()

    def step(self, stop: threading.Event, wait_seconds: float | None = None) -> int:
        """Take one batch, if there is one, and see it through; return how many were taken."""
        wait = self._pace.wait_seconds if wait_seconds is None else wait_seconds
        try:
            deliveries = self._subscription.receive(self._pace.batch, wait)
        except Unavailable as outage:
            self._pause(stop, outage, attempt=1)
            return 0
        if not deliveries:
            self._through_outage(stop, lambda: self._handler.idle(self._clock()))
            return 0
        self._observer.observe("batch_deliveries", len(deliveries), hop=self.name)
        fresh = [delivery for delivery in deliveries if not delivery.redelivered]
        if fresh:
            self._take(stop, fresh)
        for delivery in deliveries:
            if delivery.redelivered:
                self._take_suspect(stop, delivery)
        return len(deliveries)

    def _take(self, stop: threading.Event, batch: Sequence[Delivery]) -> None:
        try:
            done = self._through_outage(stop, lambda: self._handler.handle(batch, self._clock()))
        except Stop:
            self._subscription.release(batch)
            raise
        except Exception as error:  # noqa: BLE001 - whatever failed, only its own record may suffer
            _log.info("batch isolated", hop=self.name, size=len(batch), cause=type(error).__name__)
            self._observer.count("batches_isolated", hop=self.name)
            for delivery in batch:
                self._alone(stop, delivery, self._handler.handle_alone)
            return
        self._finish(batch, done=done)

    def _take_suspect(self, stop: threading.Event, delivery: Delivery) -> None:
        """Handle a delivery that was given out before and never acknowledged."""
        claims: list[int] = []
        claimed = self._through_outage(
            stop, lambda: claims.append(self._handler.claim(delivery, self._clock()))
        )
        if not claimed:
            self._subscription.release([delivery])
        elif claims[0] > self._pace.crashes:
            _log.error("poison parked", hop=self.name, message_id=delivery.message_id)
            self._observer.count("poison_parked", hop=self.name)
            self._alone(stop, delivery, self._handler.convict)
        else:
            self._alone(stop, delivery, self._handler.handle_alone)

    def _alone(
        self, stop: threading.Event, delivery: Delivery, act: Callable[[Delivery, datetime], None]
    ) -> None:
        def see_through() -> None:
            act(delivery, self._clock())
            if delivery.redelivered:
                self._handler.absolve(delivery)

        try:
            done = self._through_outage(stop, see_through)
        except Exception:
            # Not even parking worked: unacknowledged is the one safe place left.
            self._subscription.release([delivery])
            raise
        self._finish([delivery], done=done)

    def _finish(self, deliveries: Sequence[Delivery], *, done: bool) -> None:
        if done:
            self._subscription.ack(deliveries)
        else:
            self._subscription.release(deliveries)

    def _through_outage(self, stop: threading.Event, action: Callable[[], None]) -> bool:
        """Repeat ``action`` for as long as a dependency is down; False if stopped meanwhile."""
        attempt = 0
        while not stop.is_set():
            try:
                action()
            except Unavailable as outage:
                attempt += 1
                self._pause(stop, outage, attempt)
            else:
                self._observer.gauge("hop_paused", 0, hop=self.name)
                return True
        return False

    def _pause(self, stop: threading.Event, outage: Unavailable, attempt: int) -> None:
        self._observer.gauge("hop_paused", 1, hop=self.name)
        _log.warning("paused", hop=self.name, attempt=attempt, cause=str(outage))
        delay = self._pace.pause_seconds * 2 ** min(attempt - 1, 10)
        stop.wait(min(delay, self._pace.longest_pause_seconds))
