"""Publishing a stream: windows of pipelined confirms, and only what was confirmed counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hub.simulator.account import Account
from hub.simulator.sent import Sent
from routing.bus import Publisher
from routing.message import PUBLISHED_AT, Message
from schemas.errors import Unavailable

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Window:
    """How much is published before the next confirm is awaited, and how patiently.

    ``messages`` and ``bytes`` bound a window; after a failure the same window goes out again
    after ``pause`` seconds, up to ``attempts`` times.
    """

    messages: int = 500
    bytes: int = 4 * 1024 * 1024
    pause: float = 0.5
    attempts: int = 240


def publish(
    stream: Iterable[Sent],
    publisher: Publisher,
    account: Account,
    progress: Progress,
    *,
    window: Window = Window(),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Publish all of ``stream``; note each window in ``account`` once the broker confirmed it.

    ``progress`` is told how many messages each window had. Raises ``Unavailable`` when a window
    was not confirmed in ``window.attempts`` attempts, and ``Unroutable`` if the topology lacks
    the alternate exchange. A window that failed may have arrived in part: what went out is sent
    again byte for byte, under the same ids, and counts once.
    """
    for batch in _windows(stream, window):
        _publish_window(batch, publisher, window, now, wait)
        account.note(batch)
        progress(len(batch))


def _publish_window(
    batch: list[Sent],
    publisher: Publisher,
    window: Window,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
) -> None:
    for attempt in range(1, window.attempts + 1):
        try:
            publisher.publish([_stamped(sent.message, now()) for sent in batch])
        except Unavailable:
            if attempt == window.attempts:
                raise
            wait(window.pause)
        else:
            return


def _stamped(message: Message, at: datetime) -> Message:
    published_at = at.astimezone(UTC).isoformat(timespec="microseconds")
    headers = dict(message.headers) | {PUBLISHED_AT: published_at}
    return replace(message, headers=headers, timestamp=at)


def _windows(stream: Iterable[Sent], window: Window) -> Iterator[list[Sent]]:
    batch: list[Sent] = []
    size = 0
    for sent in stream:
        batch.append(sent)
        size += len(sent.message.body)
        if len(batch) >= window.messages or size >= window.bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
