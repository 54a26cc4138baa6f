"""Canonical events as messages: few, large, one routing key each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import orjson

from hub.evidence.notices import Waiting
from routing.keys import CANONICAL, DEFAULT, CanonicalKey, notice_queue
from routing.message import PUBLISHED_AT, Message
from schemas.catalogue import record_class
from schemas.envelope import CONTENT_TYPE, Event, encode_event, join_batch

_MOST_BYTES = 512 * 1024
"""Of one message: far below the broker's limit, and small enough to wait in memory by dozens."""


def canonical_messages(
    events: Iterable[tuple[str, Event]], now: datetime, *, most: int
) -> list[Message]:
    """Gather ``(lane, event)`` pairs into messages of one routing key and at most ``most`` events,
    fewer where they are large.

    An event that is given twice is published once.
    """
    by_key: dict[str, dict[str, Event]] = {}
    for lane, event in events:
        by_key.setdefault(routing_key(lane, event), {})[event.id] = event
    return [
        _message(key, batch, now)
        for key, unique in by_key.items()
        for batch in _batched(unique.values(), most)
    ]


def routing_key(lane: str, event: Event) -> str:
    """Name where an event goes: ``<lane>.<category>.<record>.v<N>.<ministry>``."""
    version = event.record_version
    category = record_class(event.record_type, version).category
    return str(CanonicalKey(lane, category, event.record_type, version, event.ministry))


def notice_message(notice: Waiting, now: datetime) -> Message:
    """Address a notice to the queue its ministry reads."""
    return Message(
        exchange=DEFAULT,
        routing_key=notice_queue(notice.ministry),
        body=orjson.dumps(notice.body),
        message_id=notice.notice_id,
        content_type="application/json",
        timestamp=now,
    )


def _message(key: str, events: Mapping[str, bytes], now: datetime) -> Message:
    """Make the message of some events, ``{id: serialized}``."""
    ids = "".join(events)
    return Message(
        exchange=CANONICAL,
        routing_key=key,
        body=join_batch(events.values()),
        message_id=hashlib.sha256(ids.encode()).hexdigest()[:32],
        content_type=CONTENT_TYPE,
        headers={PUBLISHED_AT: now.astimezone(UTC).isoformat()},
        timestamp=now,
    )


def _batched(events: Iterable[Event], most: int) -> Iterator[dict[str, bytes]]:
    batch: dict[str, bytes] = {}
    size = 0
    for event in events:
        encoded = encode_event(event)
        if batch and (len(batch) == most or size + len(encoded) > _MOST_BYTES):
            yield batch
            batch, size = {}, 0
        batch[event.id] = encoded
        size += len(encoded)
    if batch:
        yield batch
