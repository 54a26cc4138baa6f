"""The loop every consuming worker runs: batches, isolation, suspects, outages, clean stop.

What a hop does with a batch is its handler's business; when to take, repeat, isolate, pause and
acknowledge is decided here, once. A delivery is acknowledged only after its handler returned.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from hub.breaker import Breaker, Keep, backoff
from hub.memory import collect_what_is_left
from routing.bus import Subscription
from routing.message import Delivery
from routing.observer import Observer
from schemas.errors import HubError, RetryLater, Stop, Unavailable

_log = structlog.get_logger()


class Suspects(Protocol):
    """Claims on what may have killed a process."""

    def claims(self, suspects: Sequence[Delivery]) -> Sequence[int]:
        """Tell for each how often it was claimed without an ``absolve``."""
        ...

    def claim(self, suspects: Sequence[Delivery], now: datetime) -> Sequence[int]:
        """Claim suspects durably before they are touched; tell for each as ``claims``, this one
        included."""
        ...

    def absolve(self, suspects: Sequence[Delivery]) -> None:
        """Clear suspects that were handled after all."""
        ...


class Handler(Protocol):
    """What a hop does. Both verbs return only when their effect is durable, and are idempotent."""

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Handle a batch as one unit; any exception but ``Unavailable`` and ``Stop`` isolates."""
        ...

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """Handle one delivery whose batch failed; decide retry or parking record by record."""
        ...

    @property
    def suspects(self) -> Suspects:
        """Where suspects are claimed."""
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

    ``opens_at`` is how many failures of a dependency in a row open the breaker.
    ``crashes`` is how often a process may die over one message, handled alone, before the
    message is parked: more than once, because kill -9 and power cuts hit innocents too.
    ``rest`` is for a hop that nobody waits for: after a batch of fewer than ``slight`` bytes it
    rests that many times as long as it worked, so that what comes meanwhile is one batch and costs
    as much as one.
    """

    batch: int = 250
    crashes: int = 3
    wait_seconds: float = 1.0
    pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    opens_at: int = 3
    rest: float = 0.0
    slight: int = 16 * 1024
    longest_rest_seconds: float = 0.1


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
        keep: Keep = lambda _: None,
    ) -> None:
        self.name = name
        self._subscription = subscription
        self._handler = handler
        self._clock = clock
        self._observer = observer
        self._pace = pace or Pace()
        self._breaker = Breaker(
            name, opens_at=self._pace.opens_at, clock=clock, observer=observer, keep=keep
        )

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is in hand then is finished or given back."""
        try:
            while not stop.is_set():
                self.step(stop)
                collect_what_is_left()
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
            self._pause(stop, outage, longest=self._pace.pause_seconds)  # receiving waits too
            return 0
        if not deliveries:
            self._through_outage(stop, _insisting(lambda: self._handler.idle(self._clock())))
            return 0
        began = self._clock()
        self._observer.observe("batch_deliveries", len(deliveries), hop=self.name)
        fresh = [delivery for delivery in deliveries if not delivery.redelivered]
        if fresh:
            self._take(stop, fresh)
        suspects = [delivery for delivery in deliveries if delivery.redelivered]
        if suspects:
            self._take_suspects(stop, suspects)
        if self._pace.rest and sum(len(each.body) for each in deliveries) < self._pace.slight:
            self._rest(stop, self._clock() - began)
        return len(deliveries)

    def _rest(self, stop: threading.Event, worked: timedelta) -> None:
        rest = self._pace.rest * worked.total_seconds()
        stop.wait(max(0.0, min(rest, self._pace.longest_rest_seconds)))

    def _take(self, stop: threading.Event, batch: Sequence[Delivery]) -> None:
        try:
            done = self._see_through(
                stop, batch, lambda: self._handler.handle(batch, self._clock())
            )
        except Stop:
            self._finish(batch, done=False)
            raise
        except Exception as error:  # noqa: BLE001 - whatever failed, only its own record may suffer
            _log.info("batch isolated", hop=self.name, size=len(batch), cause=type(error).__name__)
            self._observer.count("batches_isolated", hop=self.name)
            for delivery in batch:
                self._alone(stop, delivery, self._handler.handle_alone)
            return
        self._finish(batch, done=done)

    def _take_suspects(self, stop: threading.Event, suspects: Sequence[Delivery]) -> None:
        """Handle deliveries that were given out before and never acknowledged.

        Those never claimed before are claimed and handled together: that a connection was lost is
        likelier than that a process died. Any other is claimed and handled before the next one is
        claimed, for a claim speaks against whoever holds it when the process dies.
        """
        claimed = self._insist_on(stop, lambda: self._handler.suspects.claims(suspects))
        together = []
        for delivery, claims in zip(suspects, claimed or [0] * len(suspects), strict=True):
            if claims:
                self._take_claimed(stop, delivery)
            else:
                together.append(delivery)
        if together:
            self._claim(stop, together)
            self._take(stop, together)

    def _take_claimed(self, stop: threading.Event, suspect: Delivery) -> None:
        """Claim once more what was handled before, and handle it alone, or not at all."""
        claimed = self._insist_on(
            stop, lambda: self._handler.suspects.claim([suspect], self._clock())
        )
        if claimed and claimed[0] > self._pace.crashes:
            _log.error("poison parked", hop=self.name, message_id=suspect.message_id)
            self._observer.count("poison_parked", hop=self.name)
            self._alone(stop, suspect, self._handler.convict)
        else:
            self._alone(stop, suspect, self._handler.handle_alone)

    def _claim(self, stop: threading.Event, suspects: Sequence[Delivery]) -> Sequence[int]:
        claim = self._handler.suspects.claim
        return self._insist_on(stop, lambda: claim(suspects, self._clock()))

    def _insist_on(
        self, stop: threading.Event, answer: Callable[[], Sequence[int]]
    ) -> Sequence[int]:
        """Ask until there is an answer; nothing if stopped before, and then nothing is handled."""
        answers: list[Sequence[int]] = []
        self._through_outage(stop, _insisting(lambda: answers.append(answer())))
        return answers[-1] if answers else ()

    def _alone(
        self, stop: threading.Event, delivery: Delivery, act: Callable[[Delivery, datetime], None]
    ) -> None:
        try:
            insist = _insisting(lambda: act(delivery, self._clock()))
            done = self._see_through(stop, [delivery], insist)
        except Stop:
            self._finish([delivery], done=False)
            raise
        except Exception:
            # Not even parking worked: unacknowledged is the one safe place left.
            self._subscription.release([delivery])
            raise
        self._finish([delivery], done=done)

    def _see_through(
        self, stop: threading.Event, deliveries: Sequence[Delivery], act: Callable[[], None]
    ) -> bool:
        """Act, and absolve what was claimed; an outage in between absolves as well."""

        def act_once() -> None:
            try:
                act()
            except Unavailable:
                self._survive(deliveries)
                raise
            _insisting(lambda: self._absolve(deliveries))()

        return self._through_outage(stop, act_once)

    def _absolve(self, deliveries: Sequence[Delivery]) -> None:
        suspects = [delivery for delivery in deliveries if delivery.redelivered]
        if suspects:
            self._handler.suspects.absolve(suspects)

    def _survive(self, deliveries: Sequence[Delivery]) -> None:
        """Absolve where that is possible: this process lives, so that nobody who gets these
        messages next may count it as a crash."""
        with contextlib.suppress(HubError):
            self._absolve(deliveries)

    def _finish(self, deliveries: Sequence[Delivery], *, done: bool) -> None:
        if done:
            self._subscription.ack(deliveries)
        else:
            self._survive(deliveries)
            self._subscription.release(deliveries)

    def _through_outage(self, stop: threading.Event, action: Callable[[], None]) -> bool:
        """Repeat ``action`` for as long as a dependency is down; False if stopped meanwhile."""
        while not stop.is_set():
            try:
                action()
            except Unavailable as outage:
                self._pause(stop, outage, longest=self._pace.longest_pause_seconds)
            else:
                self._breaker.succeeded()
                self._observer.gauge("hop_paused", 0, hop=self.name)
                return True
        return False

    def _pause(self, stop: threading.Event, outage: Unavailable, longest: float) -> None:
        failures = self._breaker.failed(outage)
        self._observer.gauge("hop_paused", 1, hop=self.name)
        _log.warning("paused", hop=self.name, attempt=failures, cause=str(outage))
        stop.wait(backoff(failures, self._pace.pause_seconds, longest))


def _insisting(action: Callable[[], None]) -> Callable[[], None]:
    """Wait out lost races as if they were outages: for these steps there is no ladder."""

    def insist() -> None:
        try:
            action()
        except RetryLater as lost_race:
            raise Unavailable(str(lost_race)) from lost_race

    return insist
