from __future__ import annotations

import pytest
from pika.exceptions import ChannelClosedByBroker, StreamLostError

from routing.bus import Unroutable
from routing.confirms import Batch
from routing.loss import Loss, reason
from routing.message import Message
from schemas.errors import Stop, Unavailable

BATCH = Batch([Message("there", "a", b"", "1", ""), Message("gone", "b", b"", "2", "")])


def test_a_missing_exchange_is_an_unroutable_message() -> None:
    loss = Loss.of(ChannelClosedByBroker(404, "NOT_FOUND - no exchange 'gone' in vhost '/'"))
    error = loss.error_for(BATCH)
    assert isinstance(error, Unroutable)
    assert (error.exchange, error.routing_key) == ("gone", "b")


def test_a_missing_queue_may_come_back() -> None:
    loss = Loss.of(ChannelClosedByBroker(404, "NOT_FOUND - no queue 'q' in vhost '/'"))
    assert isinstance(loss.error(), Unavailable)
    assert isinstance(loss.error_for(BATCH), Unavailable)


def test_a_missing_right_does_not() -> None:
    loss = Loss.of(ChannelClosedByBroker(403, "ACCESS_REFUSED"))
    assert isinstance(loss.error(), Stop)


def test_a_lost_stream_is_an_outage() -> None:
    assert isinstance(Loss.of(StreamLostError("reset")).error(), Unavailable)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (StreamLostError("Stream connection lost"), "Stream connection lost"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_reason_is_told_in_words_and_without_numbers(error: Exception, told: str) -> None:
    assert reason(error) == told
