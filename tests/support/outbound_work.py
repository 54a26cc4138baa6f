"""A subscriber's worker on the in-memory bus, step by step."""

from __future__ import annotations

import threading

from hub.delivery.backfill import Backfill
from hub.delivery.handler import DeliveryHandler
from hub.hop import Hop, Pace
from hub.registry import current
from routing import keys
from routing.memory import MemoryBus
from routing.message import Message
from routing.observer import Unobserved
from schemas.envelope import CONTENT_TYPE, Event, encode_batch
from tests.support.outbound_bench import (
    BODY,
    OutboundBench,
)

QUEUES = [keys.outbound_queue(BODY, lane) for lane in keys.LANES]


def publish(bus: MemoryBus, *events: Event, body: bytes | None = None) -> None:
    """Publish one canonical message, as intake does."""
    message = Message(
        exchange=keys.CANONICAL,
        routing_key="live.c412.person.v1.interior",
        body=encode_batch(events) if body is None else body,
        message_id="1",
        content_type=CONTENT_TYPE,
    )
    bus.publisher().publish([message])


def handler(bench: OutboundBench, bus: MemoryBus, *, most: int = 250) -> DeliveryHandler:
    dispatcher = bench.dispatcher()
    feed = Backfill(bench.subscriber, dispatcher.database, current.page, most)
    return DeliveryHandler(dispatcher, bus.publisher(), (feed,))


def work(bench: OutboundBench, bus: MemoryBus, steps: int = 3) -> Hop:
    """Let the worker take what there is."""
    hop = Hop(
        "delivery",
        bus.subscribe(QUEUES, prefetch=10),
        handler(bench, bus),
        clock=bench.clock,
        observer=Unobserved(),
        pace=Pace(wait_seconds=0, pause_seconds=0, longest_pause_seconds=0),
    )
    for _ in range(steps):
        hop.step(threading.Event())
    hop.close()
    return hop


def ids(bench: OutboundBench) -> list[str]:
    return [event["id"] for event in bench.endpoint.events]
