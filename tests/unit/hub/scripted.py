"""A scripted handler and a subscription that remembers, for the consuming loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from hub.hop import Hop, Pace
from routing.message import Delivery, Message, Tag
from routing.observer import Unobserved

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PACE = Pace(pause_seconds=0, longest_pause_seconds=0, wait_seconds=0, crashes=3)


def delivery(number: int, *, redelivered: bool = False) -> Delivery:
    return Delivery(
        tag=Tag(1, number),
        queue="work",
        exchange="",
        routing_key="work",
        body=str(number).encode(),
        redelivered=redelivered,
    )


@dataclass
class RememberingSubscription:
    """Hands out scripted batches and remembers what became of each delivery."""

    batches: list[Sequence[Delivery] | Exception]
    acked: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    closed: bool = False

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        batch = self.batches.pop(0) if self.batches else []
        if isinstance(batch, Exception):
            raise batch
        return list(batch)

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.acked += [each.tag.number for each in deliveries]

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self.released += [each.tag.number for each in deliveries]

    def publish(self, messages: Sequence[Message]) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedHandler:
    """Fails as told; remembers the order of what was asked of it."""

    fails: Callable[[str, Sequence[int]], Exception | None] = lambda verb, numbers: None
    claimed: int = 0
    calls: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def _do(self, verb: str, *deliveries: Delivery) -> None:
        numbers = tuple(each.tag.number for each in deliveries)
        self.calls.append((verb, numbers))
        failure = self.fails(verb, numbers)
        if failure:
            raise failure

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        self._do("handle", *deliveries)

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        self._do("alone", delivery)

    @property
    def suspects(self) -> Self:
        return self

    def claims(self, suspects: Sequence[Delivery]) -> Sequence[int]:
        return [self.claimed for _ in suspects]

    def claim(self, suspects: Sequence[Delivery], now: datetime) -> Sequence[int]:
        self._do("claim", *suspects)
        return [self.claimed + 1 for _ in suspects]

    def absolve(self, suspects: Sequence[Delivery]) -> None:
        self._do("absolve", *suspects)

    def convict(self, delivery: Delivery, now: datetime) -> None:
        self._do("convict", delivery)

    def idle(self, now: datetime) -> None:
        self._do("idle")

    def close(self) -> None:
        self._do("close")


def hop(handler: ScriptedHandler, *batches: Sequence[Delivery] | Exception) -> tuple[
    Hop, RememberingSubscription
]:  # fmt: skip
    subscription = RememberingSubscription(list(batches))
    made = Hop("test", subscription, handler, clock=lambda: NOW, observer=Unobserved(), pace=PACE)
    return made, subscription


def failing_times(times: int, verb: str, error: Exception) -> Callable[..., Exception | None]:
    left = [times]

    def fails(asked: str, numbers: Sequence[int]) -> Exception | None:
        if asked == verb and left[0] > 0:
            left[0] -= 1
            return error
        return None

    return fails
