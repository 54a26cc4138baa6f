"""Cutting a publish into windows that are confirmed one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing.message import Message
from schemas.errors import Parked

MAX_BODY_BYTES = 16 * 1024 * 1024
"""What RabbitMQ 4.x takes by default. A larger body would cost the channel, not just a nack."""

_MESSAGES = 1000
_BYTES = 16 * 1024 * 1024


def windows(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Yield runs of at most 1,000 messages and about 16 MiB, in order.

    Raises ``Parked`` (``message-too-large``) at a body the broker would not take.
    """
    window: list[Message] = []
    size = 0
    for message in messages:
        if len(message.body) > MAX_BODY_BYTES:
            raise Parked("message-too-large", f"the body exceeds {MAX_BODY_BYTES} bytes")
        if window and (len(window) == _MESSAGES or size + len(message.body) > _BYTES):
            yield window
            window, size = [], 0
        window.append(message)
        size += len(message.body)
    if window:
        yield window
