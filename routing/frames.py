"""Deliveries that lie complete in what was read from the socket, read without pika's frames.

pika makes an object of each of the three frames of a delivery and copies the rest of its buffer
after each. Here is the common case alone: whatever is not as expected, from a body in two frames
to a property that ends beyond its frame, is left to pika and comes out as it always did.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import pika.data

from routing import wire
from routing.message import Delivery, Tag

_METHOD, _HEADER, _BODY, _END = 1, 2, 3, 0xCE
_BASIC, _DELIVER = 60, 60 << 16 | 60
_FRAME = struct.Struct(">BHI")
_METHOD_FRAME = struct.Struct(">BHII")
_HEADER_FRAME = struct.Struct(">BHIHHQ")
_NUMBER_AND_BITS = struct.Struct(">QB")
_FLAGS = struct.Struct(">H")
_SHORT, _TABLE, _OCTET, _TIME = range(4)
_PROPERTIES = (
    *(("content_type", _SHORT), ("content_encoding", _SHORT), ("headers", _TABLE)),
    *(("delivery_mode", _OCTET), ("priority", _OCTET), ("correlation_id", _SHORT)),
    *(("reply_to", _SHORT), ("expiration", _SHORT), ("message_id", _SHORT), ("timestamp", _TIME)),
    *(("type", _SHORT), ("user_id", _SHORT), ("app_id", _SHORT), ("cluster_id", _SHORT)),
)
_UNKNOWN_FLAGS = 0b11


class Unexpected(Exception):
    """What comes next is for pika: no delivery, not complete yet, or not the common case."""


class Expected(NamedTuple):
    """What deliveries are looked for: of this channel, whose consumers take from ``queues``."""

    generation: int
    channel: int
    queues: Mapping[bytes, str]


def read_deliveries(buffer: bytes, expected: Expected) -> tuple[list[Delivery], int]:
    """Read the deliveries ``buffer`` begins with, and say how many bytes of it they are."""
    found: list[Delivery] = []
    end = 0
    try:
        while end < len(buffer):
            delivery, end = _delivery(buffer, end, expected)
            found.append(delivery)
    except (Unexpected, struct.error, IndexError):
        pass
    return found, end


def _delivery(buffer: bytes, at: int, expected: Expected) -> tuple[Delivery, int]:
    kind, channel, size, method = _METHOD_FRAME.unpack_from(buffer, at)
    header = _after(buffer, at, size)
    if (kind, channel, method) != (_METHOD, expected.channel, _DELIVER):
        raise Unexpected
    kind, channel, size, of, _, length = _HEADER_FRAME.unpack_from(buffer, header)
    content = _after(buffer, header, size)
    if (kind, channel, of) != (_HEADER, expected.channel, _BASIC):
        raise Unexpected
    body, end = _body(buffer, content, expected.channel, length)
    consumer, place = _short(buffer, at + _METHOD_FRAME.size)
    number, bits = _NUMBER_AND_BITS.unpack_from(buffer, place)
    exchange, place = _short(buffer, place + _NUMBER_AND_BITS.size)
    key, place = _short(buffer, place)
    queue = expected.queues.get(consumer)
    if queue is None or place != header - 1:
        raise Unexpected
    given = _properties(buffer[header + _HEADER_FRAME.size : content - 1])
    tag, redelivered = Tag(expected.generation, number), bits & 1 == 1
    return wire.delivery(tag, queue, (exchange, key), given, body, redelivered=redelivered), end


def _body(buffer: bytes, at: int, expected_channel: int, length: int) -> tuple[bytes, int]:
    if not length:
        return b"", at
    kind, channel, size = _FRAME.unpack_from(buffer, at)
    if (kind, channel, size) != (_BODY, expected_channel, length):
        raise Unexpected
    end = _after(buffer, at, size)
    return buffer[at + _FRAME.size : end - 1], end


def _after(buffer: bytes, at: int, size: int) -> int:
    """Where the next frame begins, if this one is complete and ends as it should."""
    mark = at + _FRAME.size + size
    if buffer[mark] != _END:
        raise Unexpected
    return mark + 1


def _properties(encoded: bytes) -> dict[str, Any]:
    """Read the properties, all of which must be there to the last byte."""
    (flags,) = _FLAGS.unpack_from(encoded)
    at = _FLAGS.size
    values: dict[str, Any] = {}
    for name, kind in _present(flags):
        if kind == _SHORT:
            values[name], at = _short(encoded, at)
        elif kind == _TABLE:
            values[name], at = pika.data.decode_table(encoded, at)
        elif kind == _OCTET:
            at += 1
        else:
            values[name] = int.from_bytes(encoded[at : at + 8])
            at += 8
    if at != len(encoded):
        raise Unexpected
    return values


@lru_cache(maxsize=64)
def _present(flags: int) -> tuple[tuple[str, int], ...]:
    if flags & _UNKNOWN_FLAGS:
        raise Unexpected
    return tuple(field for bit, field in enumerate(_PROPERTIES) if flags & (1 << 15 - bit))


def _short(encoded: bytes, at: int) -> tuple[bytes, int]:
    end = at + 1 + encoded[at]
    return encoded[at + 1 : end], end
