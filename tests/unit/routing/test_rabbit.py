"""What the data plane tells about its publishing, with a broker that answers at once."""

from __future__ import annotations

from typing import cast

from hub.metrics import Metrics
from routing.confirms import Batch
from routing.lifeline import Lifeline
from routing.message import Message
from routing.rabbit import RabbitPublisher

MESSAGE = Message("intake.labour", "live", b"{}", "m-1", "application/json")


class Prompt:
    """A lifeline and its link in one, whose broker confirms everything."""

    def link(self, _timeout: float) -> Prompt:
        return self

    def publish(self, batch: Batch) -> None:
        for _ in batch.messages:
            batch.answered()

    def forget(self, batch: Batch) -> None:
        pass


def test_the_time_to_the_last_confirm_is_observed_once_per_window() -> None:
    metrics = Metrics()
    publisher = RabbitPublisher(cast("Lifeline", Prompt()), 1.0, metrics)
    publisher.publish([MESSAGE] * 1001)
    assert b"qovsaq_confirm_seconds_count 2.0" in metrics.expose()
