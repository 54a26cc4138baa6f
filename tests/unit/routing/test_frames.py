"""What is read without pika's frames is what pika would have read: no more, no less."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import frame
from pika.channel import ContentFrameAssembler
from pika.spec import Basic, BasicProperties

from routing import wire
from routing.compression import ENCODING
from routing.connection import Connection
from routing.frames import Expected, read_deliveries
from routing.message import Delivery

EXPECTED = Expected(3, 1, {b"ctag1.a": "intake.labour.live", b"ctag1.b": "registry.writer.live"})
QUEUES = {tag.decode(): queue for tag, queue in EXPECTED.queues.items()}

short = st.text(max_size=40) | st.just("ə" * 127)
values = st.recursive(
    st.text(max_size=20) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(short, inner, max_size=2),
    max_leaves=4,
)
properties = st.builds(
    BasicProperties,
    content_type=st.none() | short,
    content_encoding=st.none() | short | st.just(ENCODING),
    headers=st.none() | st.dictionaries(short, values, max_size=3),
    delivery_mode=st.none() | st.sampled_from([1, 2]),
    priority=st.none() | st.integers(0, 255),
    correlation_id=st.none() | short,
    reply_to=st.none() | short,
    expiration=st.none() | short,
    message_id=st.none() | short | st.binary(max_size=9),
    timestamp=st.none() | st.integers(0, 2**64 - 1),
    type=st.none() | short,
    user_id=st.none() | short,
    app_id=st.none() | short,
    cluster_id=st.none() | short,
)
deliver = st.builds(
    Basic.Deliver,
    consumer_tag=st.sampled_from([*QUEUES, "ctag1.c"]),
    delivery_tag=st.integers(0, 2**64 - 1),
    redelivered=st.booleans(),
    exchange=short,
    routing_key=short,
)


def sent(
    method: Any, about: BasicProperties, body: bytes, *, channel: int = 1, piece: int = 10**6
) -> bytes:
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
    frames = [
        frame.Method(channel, method),
        frame.Header(channel, len(body), about),
        *(frame.Body(channel, part) for part in pieces),
    ]
    return b"".join(each.marshal() for each in frames)


def ordinary(number: int, body: bytes = b"{}", **more: Any) -> bytes:
    method = Basic.Deliver("ctag1.a", number, False, "intake.labour", "live")
    about = BasicProperties("application/json", headers={"x": "y"}, message_id="m", delivery_mode=2)
    return sent(method, about, body, **more)


stream = st.lists(
    st.builds(
        sent,
        deliver,
        properties,
        st.binary(max_size=50) | st.just(zlib.compress(b"[]")),
        channel=st.sampled_from([1, 1, 1, 2]),
        piece=st.sampled_from([10**6, 10**6, 7]),
    )
    | st.just(frame.Heartbeat().marshal())
    | st.just(frame.Method(1, Basic.Ack(4)).marshal()),
    max_size=4,
).map(b"".join)


def by_pika(buffer: bytes) -> Iterator[tuple[Delivery | None, int]]:
    """Read frame by frame as pika does: a delivery where one is complete, and how far that is."""
    assembler, at = ContentFrameAssembler(), 0
    while at < len(buffer):
        size, read = frame.decode_frame(buffer[at:])
        if read is None:
            return
        at += size
        if not _of_a_delivery(read):
            yield None, at
        elif content := assembler.process(read):
            method, header, body = content
            queue = QUEUES.get(method.method.consumer_tag)
            about = header.properties
            made = queue and wire.to_delivery(3, queue, method.method, about, body)
            yield made or None, at


def _of_a_delivery(read: Any) -> bool:
    if isinstance(read, frame.Heartbeat) or read.channel_number != EXPECTED.channel:
        return False
    return not isinstance(read, frame.Method) or isinstance(read.method, Basic.Deliver)


def agrees(buffer: bytes) -> int:
    """Check that what is read is what pika reads first; say how many deliveries that were."""
    deliveries, end = read_deliveries(buffer, EXPECTED)
    reading = by_pika(buffer)
    same = [next(reading) for _ in deliveries]
    assert [delivery for delivery, _ in same] == deliveries
    assert end == (same[-1][1] if same else 0)
    return len(deliveries)


@pytest.fixture(autouse=True)
def tolerant() -> None:
    wire.tolerate_unreadable_headers()


def test_a_run_of_deliveries_is_read_to_the_last() -> None:
    buffer = b"".join(ordinary(number, bytes(number)) for number in range(9))
    assert agrees(buffer) == 9


@given(stream)
def test_whatever_is_read_is_what_pika_reads(buffer: bytes) -> None:
    agrees(buffer)


@given(stream, st.data())
def test_also_when_bytes_are_not_what_they_were(buffer: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(ordinary(1) + buffer + ordinary(2))
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    agrees(bytes(spoilt))


@given(stream, st.integers(0, 400))
def test_what_is_not_complete_is_left(buffer: bytes, length: int) -> None:
    agrees((ordinary(1) + buffer)[:length])


@pytest.mark.parametrize(
    "next_one",
    [
        pytest.param(ordinary(2, b"of two frames", piece=7), id="a body in two frames"),
        pytest.param(ordinary(2, channel=2), id="another channel"),
        pytest.param(ordinary(2)[:-1], id="one byte is missing"),
        pytest.param(frame.Heartbeat().marshal(), id="a heartbeat"),
        pytest.param(frame.Method(1, Basic.Ack(4)).marshal(), id="a confirm"),
        pytest.param(ordinary(2).replace(b"ctag1.a", b"ctag1.x"), id="an unknown consumer"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_pika(next_one: bytes) -> None:
    assert agrees(ordinary(1) + next_one + ordinary(3)) == 1


def test_headers_that_cannot_be_read_count_as_none() -> None:
    table = b"\x01aT" + struct.pack(">Q", 2**64 - 1)
    pieces = ordinary(1).split(b"\x00\x00\x00\x08\x01xS\x00\x00\x00\x01y")
    assert len(pieces) == 2
    buffer = (struct.pack(">I", len(table)) + table).join(pieces)
    at = buffer.index(b"\xce\x02") + 1
    (size,) = struct.unpack_from(">I", buffer, at + 3)
    grown = struct.pack(">I", size + len(table) - 8)
    buffer = buffer[: at + 3] + grown + buffer[at + 7 :]
    assert agrees(buffer) == 1
    assert read_deliveries(buffer, EXPECTED)[0][0].headers == {}


def test_a_time_stamp_is_read() -> None:
    method = Basic.Deliver("ctag1.a", 1, True, "intake.labour", "live")
    buffer = sent(method, BasicProperties(timestamp=1), b"")
    (delivery,), _ = read_deliveries(buffer, EXPECTED)
    assert delivery.timestamp == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert delivery.redelivered


class Heard(Connection):
    """A connection without a socket; notes which frames pika's reader was left."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.frames: list[Any] = []
        self._frame_buffer = b""
        self.bytes_received = 0
        self._take = self._read

    def _read(self, buffer: bytes) -> int:
        deliveries, end = read_deliveries(buffer, EXPECTED)
        self.taken += deliveries
        return end

    def _process_frame(self, frame_value: Any) -> None:
        self.frames.append(frame_value)

    def hear(self, data: bytes) -> None:
        self._on_data_available(data)


@given(st.integers(1, 200))
def test_a_connection_loses_nothing_however_its_bytes_come(piece: int) -> None:
    heard = Heard()
    heartbeat = frame.Heartbeat().marshal()
    buffer = ordinary(1) + heartbeat + ordinary(2) + ordinary(3, b"twice", piece=3) + heartbeat
    for at in range(0, len(buffer), piece):
        heard.hear(buffer[at : at + piece])
    assert heard.bytes_received == len(buffer)
    bodies = [each.fragment for each in heard.frames if isinstance(each, frame.Body)]
    assert len(heard.taken) + bodies.count(b"{}") == 2
    assert b"".join(bodies).endswith(b"twice")
    assert sum(isinstance(each, frame.Heartbeat) for each in heard.frames) == 2
