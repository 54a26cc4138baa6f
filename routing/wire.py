"""Between our values and pika's: properties, headers, time stamps, hostile input included."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pika.data
from pika.spec import BasicProperties

from routing.compression import restored
from routing.message import Delivery, HeaderValue, Message, Tag

_PERSISTENT = 2
_SHORT_BYTES = 255


def to_properties(message: Message) -> Any:
    """Make the properties of a message: always persistent."""
    return BasicProperties(
        content_type=_short(message.content_type) or None,
        content_encoding=message.content_encoding,
        headers={_short(name): value for name, value in message.headers.items()} or None,
        delivery_mode=_PERSISTENT,
        message_id=_short(message.message_id) or None,
        timestamp=None if message.timestamp is None else int(message.timestamp.timestamp()),
        user_id=message.user_id,
    )


def to_delivery(generation: int, queue: str, method: Any, properties: Any, body: bytes) -> Delivery:
    """Make a delivery of pika's ``Basic.Deliver`` and properties."""
    return Delivery(
        tag=Tag(generation, method.delivery_tag),
        queue=queue,
        exchange=text(method.exchange),
        routing_key=text(method.routing_key),
        body=restored(queue, properties.content_encoding, body),
        message_id=text(properties.message_id),
        content_type=text(properties.content_type),
        user_id=None if properties.user_id is None else text(properties.user_id),
        timestamp=instant(properties.timestamp),
        headers=headers(properties.headers),
        redelivered=method.redelivered,
    )


def tolerate_unreadable_headers() -> None:
    """Let a header table that cannot be decoded count as empty.

    RabbitMQ passes on tables with the year 10⁶ or two thousand levels. pika's decoder raises on
    these in its I/O loop, which costs the connection again and again until the delivery limit
    takes the message away, and its prefetched neighbours with it.
    """
    if pika.data.decode_table is not _decode_table:
        pika.data.decode_table = _decode_table


_strict: Callable[[bytes, int], tuple[dict[Any, Any], int]] = pika.data.decode_table


def _decode_table(encoded: bytes, offset: int) -> tuple[dict[Any, Any], int]:
    (size,) = struct.unpack_from(">I", encoded, offset)
    end = offset + 4 + size
    try:
        return _strict(encoded, offset)[0], end
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the table ends where it says
        return {}, end


def headers(table: Mapping[Any, Any] | None) -> dict[str, HeaderValue]:
    """Keep what a header of ours may be: text, whole numbers and truth values."""
    kept: dict[str, HeaderValue] = {}
    for name, value in (table or {}).items():
        if isinstance(value, str | bool):
            kept[text(name)] = value
        elif isinstance(value, int):
            kept[text(name)] = int(value)  # pika's long integers are a type of their own
    return kept


def text(value: str | bytes | None) -> str:
    """Read a short string; pika leaves bytes that are not UTF-8 as they are."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value or ""


def _short(text: str) -> str:
    """Cut to what a short string holds: what was no UTF-8 may have grown when it was read."""
    return text.encode()[:_SHORT_BYTES].decode(errors="ignore")


def instant(seconds: int | None) -> datetime | None:
    """Read a time stamp; one outside of the calendar is none."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
