from __future__ import annotations

import struct
from datetime import UTC, datetime

import pika.data
import pytest
from pika.spec import Basic, BasicProperties

from routing import wire
from routing.message import Delivery, Message

METHOD = Basic.Deliver(delivery_tag=7, exchange="x", routing_key="k", redelivered=False)


def read(**properties: object) -> Delivery:
    return wire.to_delivery(2, "q", METHOD, BasicProperties(**properties), b"")


def test_headers_of_other_types_are_left_out() -> None:
    headers = {"text": "a", "number": 1, "truth": False, "table": {}, "list": [1], "none": None}
    assert read(headers=headers).headers == {"text": "a", "number": 1, "truth": False}


def test_a_time_stamp_outside_of_the_calendar_is_none() -> None:
    assert read(timestamp=2**63).timestamp is None
    assert read(timestamp=0).timestamp == datetime(1970, 1, 1, tzinfo=UTC)


def test_an_id_that_is_no_utf8_stays_distinguishable() -> None:
    assert read(message_id=b"\xff").message_id != read(message_id=b"\xfe").message_id


def test_what_grew_when_it_was_read_still_fits_when_it_is_written() -> None:
    grown = read(message_id=b"\xff" * 255).message_id
    properties = wire.to_properties(Message("", "q", b"", grown, "text/xml"))
    assert properties.encode()


def test_nothing_is_sent_for_what_is_empty() -> None:
    properties = wire.to_properties(Message("", "q", b"", "", ""))
    assert (properties.message_id, properties.content_type, properties.headers) == (None,) * 3
    assert properties.delivery_mode == 2


def table(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = b"\x01aF" + table(content)
    return table(content)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(table(b"\x01ad" + struct.pack(">d", float("nan"))), id="not a number"),
        pytest.param(table(b"\x01ad" + struct.pack(">d", float("inf"))), id="infinite"),
        pytest.param(table(b"\x01aT" + struct.pack(">Q", 2**64 - 1)), id="year 584 billion"),
        pytest.param(table(b"\x01a?" + b"what"), id="unknown type"),
        pytest.param(table(b"\x01aS" + struct.pack(">I", 1) + b"x\x01aI"), id="truncated"),
        pytest.param(nested(5_000), id="five thousand levels"),
    ],
)
def test_a_header_table_that_cannot_be_read_ends_where_it_says(encoded: bytes) -> None:
    wire.tolerate_unreadable_headers()
    after = b"\x05hello"
    headers, offset = pika.data.decode_table(encoded + after, 0)
    assert headers == {} or set(headers) == {"a"}
    assert pika.data.decode_short_string(encoded + after, offset) == ("hello", len(encoded) + 6)


def test_readable_headers_are_read_as_before() -> None:
    wire.tolerate_unreadable_headers()
    wire.tolerate_unreadable_headers()
    pieces: list[bytes] = []
    pika.data.encode_table(pieces, {"a": 1, "b": {"c": "ə"}})
    assert pika.data.decode_table(b"".join(pieces), 0)[0] == {"a": 1, "b": {"c": "ə"}}
