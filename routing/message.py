"""Values that travel: what is published, what is delivered, and the names of our headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

ATTEMPTS = "x-qovsaq-attempts"
CAUSE = "x-qovsaq-cause"
ORIGIN = "x-qovsaq-origin"
PUBLISHED_AT = "x-qovsaq-published-at"
CHANNEL = "x-qovsaq-channel"
REPLAY = "x-qovsaq-replay"
CAUSATION = "x-qovsaq-causation"
CORRECTS = "corrects"
TEST_MODE = "test-mode"
CORRELATION = "x-qovsaq-correlation"
SERVICE = "x-qovsaq-service"
SENDER = "x-qovsaq-sender"
SIGNATURE = "x-qovsaq-signature"
DOCUMENT = "x-qovsaq-document"
DOCUMENT_SHA256 = "x-qovsaq-document-sha256"
CHUNK = "x-qovsaq-chunk"
CHUNKS = "x-qovsaq-chunks"
POSITION = "x-qovsaq-position"
GRANT = "x-qovsaq-grant"
GRANT_VERSION = "x-qovsaq-grant-version"
RECALL = "x-qovsaq-recall"
TRACEPARENT = "traceparent"

HeaderValue = str | int | bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish: always persistent, always mandatory, always confirmed."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    content_type: str
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    user_id: str | None = None
    timestamp: datetime | None = None
    content_encoding: str | None = None


class Tag(NamedTuple):
    """A delivery tag with the generation of its channel: a tag of a lost channel is stale."""

    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as delivered. ``message_id`` and ``content_type`` are empty if the sender set none.

    ``user_id`` is verified by the broker when present. ``redelivered`` means that an earlier
    delivery was not acknowledged: perhaps because handling it killed a process.
    """

    tag: Tag
    queue: str
    exchange: str
    routing_key: str
    body: bytes
    message_id: str = ""
    content_type: str = ""
    user_id: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    redelivered: bool = False
