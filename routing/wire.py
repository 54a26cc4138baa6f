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
    tag, route = Tag(generation, method.delivery_tag), (method.exchange, method.routing_key)
    return delivery(tag, queue, route, vars(properties), body, redelivered=method.redelivered)


def delivery(
    tag: Tag,
    queue: str,
    route: tuple[str | bytes, str | bytes],
    given: Mapping[str, Any],
    body: bytes,
    *,
    redelivered: bool,
) -> Delivery:
    """Make a delivery of what came by exchange and key (``route``) with these properties."""
    user_id = given.get("user_id")
    return Delivery(
        tag=tag,
        queue=queue,
        exchange=_text(route[0]),
        routing_key=_text(route[1]),
        body=restored(queue, _text(given.get("content_encoding")), body),
        message_id=_text(given.get("message_id")),
        content_type=_text(given.get("content_type")),
        user_id=None if user_id is None else _text(user_id),
        timestamp=_instant(given.get("timestamp")),
        headers=_headers(given.get("headers")),
        redelivered=redelivered,
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


def _headers(table: Mapping[Any, Any] | None) -> dict[str, HeaderValue]:
    """Keep what a header of ours may be: text, whole numbers and truth values."""
    kept: dict[str, HeaderValue] = {}
    for name, value in (table or {}).items():
        if isinstance(value, str | bool):
            kept[_text(name)] = value
        elif isinstance(value, int):
            kept[_text(name)] = int(value)  # pika's long integers are a type of their own
    return kept


def _text(value: str | bytes | None) -> str:
    """Read a short string; pika leaves bytes that are not UTF-8 as they are."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value or ""


def _short(text: str) -> str:
    """Cut to what a short string holds: what was no UTF-8 may have grown when it was read."""
    return text.encode()[:_SHORT_BYTES].decode(errors="ignore")


def _instant(seconds: int | None) -> datetime | None:
    """Read a time stamp; one outside of the calendar is none."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
