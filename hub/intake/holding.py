"""Leaving the queues of paused ministries alone, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from routing.bus import Subscription
from routing.message import Delivery, Message

_log = structlog.get_logger()


@dataclass
class HoldingSubscription:
    """A ``Subscription`` to those of ``queues`` that are not ``held`` at the moment.

    ``subscribe`` opens one on some queues. When it changes which are held, another is opened
    before the next batch; what was delivered in advance goes back to its queue.
    """

    queues: Sequence[str]
    held: Callable[[], frozenset[str]]
    subscribe: Callable[[Sequence[str]], Subscription]
    _held: frozenset[str] = field(init=False)
    _current: Subscription = field(init=False)

    def __post_init__(self) -> None:
        self._open(self.held())

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish as ``Publisher.publish``."""
        self._current.publish(messages)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Take a batch as ``Subscription.receive``, of nothing that is held now."""
        held = self.held()
        if held != self._held:
            _log.info("queues held", queues=sorted(held))
            self._current.close()
            self._open(held)
        return self._current.receive(limit, timeout)

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge."""
        self._current.ack(deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back."""
        self._current.release(deliveries)

    def close(self) -> None:
        """End."""
        self._current.close()

    def _open(self, held: frozenset[str]) -> None:
        self._held = held
        self._current = self.subscribe([queue for queue in self.queues if queue not in held])
