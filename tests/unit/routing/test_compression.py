from __future__ import annotations

import zlib

import pytest
from pika.spec import Basic, BasicProperties

from routing import keys, wire
from routing.compression import ENCODING, MOST_BYTES, PAYS_FROM, compressed, restored
from routing.message import Message

LARGE = b"[" + b'{"like": "the one before"},' * PAYS_FROM + b"{}]"
QUEUE = keys.writer_queue("live")
METHOD = Basic.Deliver(delivery_tag=7, exchange="x", routing_key="k", redelivered=False)


def message(exchange: str, body: bytes) -> Message:
    return Message(exchange, "key", body, "id", "application/cloudevents-batch+json")


def test_a_large_canonical_batch_becomes_smaller_and_comes_back_whole() -> None:
    (sent,) = compressed([message(keys.CANONICAL, LARGE)])
    properties = wire.to_properties(sent)
    received = wire.to_delivery(1, QUEUE, METHOD, properties, sent.body)
    assert len(sent.body) < len(LARGE) / 10
    assert properties.content_encoding == ENCODING
    assert received.body == LARGE


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(message(keys.CANONICAL, LARGE[: PAYS_FROM - 1]), id="a small batch"),
        pytest.param(message(keys.intake_exchange("labour"), LARGE), id="a ministry's message"),
        pytest.param(message(keys.DEFAULT, LARGE), id="what goes to one queue"),
    ],
)
def test_everything_else_travels_as_it_is(left: Message) -> None:
    assert list(compressed([left])) == [left]
    assert wire.to_properties(left).content_encoding is None


@pytest.mark.parametrize(
    "queue", ["intake.labour.live", "dead.intake.labour.live", "intake.unrouted"]
)
def test_what_a_ministry_calls_compressed_is_kept_as_it_came(queue: str) -> None:
    bomb = zlib.compress(bytes(1_000_000))
    properties = BasicProperties(content_encoding=ENCODING)
    assert wire.to_delivery(1, queue, METHOD, properties, bomb).body == bomb


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no such thing", id="not compressed"),
        pytest.param(zlib.compress(LARGE)[:-9], id="cut short"),
        pytest.param(zlib.compress(bytes(MOST_BYTES + 1)), id="larger than any batch"),
    ],
)
def test_what_cannot_be_restored_is_left_to_be_refused(body: bytes) -> None:
    assert restored(QUEUE, ENCODING, body) == body
    assert restored(QUEUE, "gzip", body) == body


def test_what_was_put_aside_from_a_queue_of_the_hub_is_restored_too() -> None:
    assert restored(keys.dead_queue(QUEUE), ENCODING, zlib.compress(LARGE)) == LARGE
