"""Putting a failed record aside: onto a rung of the ladder, or into the dead queue.

Both are messages like any other. The order is what keeps them safe: publish, confirmed, *then*
acknowledge the original. A missing dead queue raises ``Stop``, so nothing is acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing import keys
from routing.bus import Publisher, Unroutable
from routing.message import (
    ATTEMPTS,
    CAUSATION,
    CAUSE,
    CHANNEL,
    ORIGIN,
    REPLAY,
    Delivery,
    HeaderValue,
    Message,
)
from routing.outcome import Park, Retry
from schemas.errors import Stop

EXPLANATION = "x-qovsaq-explanation"
PARKED_AT = "x-qovsaq-parked-at"
SOURCE_EXCHANGE = "x-qovsaq-source-exchange"
SOURCE_KEY = "x-qovsaq-source-key"
_SET_BY_BROKER = ("x-delivery-count", "x-first-death-", "x-last-death-")
_SET_BY_DESK = (CAUSATION, CHANNEL, REPLAY)


def postponed(
    delivery: Delivery, retry: Retry, *, body: bytes | None = None, message_id: str | None = None
) -> Message:
    """Make the message that waits on the ladder and returns to the queue it was taken from.

    ``body`` and ``message_id`` replace the delivery's own where one record of a batch waits alone.
    """
    return Message(
        exchange=keys.retry_exchange(retry.rung.name),
        routing_key=delivery.queue,
        body=delivery.body if body is None else body,
        message_id=delivery.message_id if message_id is None else message_id,
        content_type=delivery.content_type,
        headers=_provenance(delivery) | {ATTEMPTS: retry.attempts},
        timestamp=delivery.timestamp,
    )


def parked(
    delivery: Delivery,
    park: Park,
    now: datetime,
    *,
    attempts: int = 0,
    body: bytes | None = None,
    message_id: str | None = None,
) -> Message:
    """Make the message that waits for a person, with its cause, ``now`` aware."""
    why: dict[str, HeaderValue] = {
        CAUSE: park.cause,
        EXPLANATION: park.explanation,
        PARKED_AT: now.isoformat(),
        ATTEMPTS: attempts,
    }
    return Message(
        exchange=keys.DEFAULT,
        routing_key=keys.dead_queue(delivery.queue),
        body=delivery.body if body is None else body,
        message_id=delivery.message_id if message_id is None else message_id,
        content_type=delivery.content_type,
        headers=_provenance(delivery) | why,
        timestamp=delivery.timestamp,
    )


def put_aside(publisher: Publisher, messages: Sequence[Message]) -> None:
    """Publish postponed and parked messages; only after this may the originals be acknowledged.

    Raises ``Stop`` if a retry or dead queue is missing, else as ``Publisher.publish``.
    """
    try:
        publisher.publish(messages)
    except Unroutable as error:
        raise Stop(f"nowhere to put a failed record: {error}") from error


def _provenance(delivery: Delivery) -> dict[str, HeaderValue]:
    """Keep the headers, and where the message was first published: the ladder changes both.

    Only on the default exchange are these headers ours: ministries may set any on their own.
    ``user_id`` cannot be kept: the broker verifies it against whoever publishes.
    """
    kept = {k: v for k, v in delivery.headers.items() if not k.startswith(_SET_BY_BROKER)}
    here: dict[str, HeaderValue] = {
        ORIGIN: delivery.queue,
        SOURCE_EXCHANGE: delivery.exchange,
        SOURCE_KEY: delivery.routing_key,
    }
    if delivery.exchange == keys.DEFAULT:
        return here | kept
    # Back over the default exchange it would be believed.
    return {k: v for k, v in kept.items() if k not in _SET_BY_DESK} | here
