"""Canonical batches travel compressed: the broker's work grows with the bytes it keeps.

A batch is written once for the registry and once for each subscriber, and says much the same in
each of its records. Only what the hub alone publishes is compressed, and only there is anything
restored: what a ministry sends is kept as it came.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from routing import keys
from routing.message import Message

ENCODING = "deflate"
"""The zlib format, by its name in HTTP."""

PAYS_FROM = 4 * 1024
"""Bytes below which a message is left readable to whoever looks into a queue."""

MOST_BYTES = 16 * 1024 * 1024
"""What is restored at most: far above any batch of ours."""

_FASTEST = 1


def compressed(messages: Iterable[Message]) -> Iterator[Message]:
    """Compress those that are canonical and large enough."""
    for message in messages:
        if message.exchange == keys.CANONICAL and len(message.body) >= PAYS_FROM:
            body = zlib.compress(message.body, _FASTEST)
            yield replace(message, body=body, content_encoding=ENCODING)
        else:
            yield message


def restored(queue: str, encoding: str | None, body: bytes) -> bytes:
    """Give back the body of a message that came from ``queue``.

    What is not ours, is broken or would become too large stays as it is, for its reader to refuse.
    """
    if encoding != ENCODING or keys.written_by_ministries(queue):
        return body
    decompressor = zlib.decompressobj()
    try:
        whole = decompressor.decompress(body, MOST_BYTES)
    except zlib.error:
        return body
    return whole if decompressor.eof else body
