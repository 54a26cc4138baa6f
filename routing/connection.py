"""pika's connection, which looks for whole deliveries before it makes frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pika

_RECEIVED_AT_ONCE = 64 * 1024
"""Bytes; pika asks for 4 KiB, at whose end every sixth delivery would be cut in two."""


class Connection(pika.SelectConnection):  # type: ignore[misc]
    """A connection that offers what it read to ``take`` before pika's own reader.

    ``take`` answers how many bytes at the beginning were deliveries that it took. pika sees
    everything else, and counts all the bytes: heartbeats are judged by these.
    """

    def __init__(self, parameters: Any, take: Callable[[bytes], int], **callbacks: Any) -> None:
        self._take = take
        super().__init__(parameters, **callbacks)

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = _RECEIVED_AT_ONCE
        super()._proto_connection_made(transport)

    def _on_data_available(self, data_in: bytes) -> None:
        self._frame_buffer += data_in
        while self._frame_buffer:
            self._trim_frame_buffer(self._take(self._frame_buffer))
            consumed, frame = self._read_frame()
            if frame is None:
                return
            self._trim_frame_buffer(consumed)
            self._process_frame(frame)
