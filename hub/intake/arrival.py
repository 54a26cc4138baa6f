"""A delivery, read as a ministry's message: who sent it, on which lane, under which id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from connectors._kit.contract import RawMessage
from hub.evidence.journal import Sealed
from routing import keys
from routing.message import (
    CAUSATION,
    CHANNEL,
    CORRECTS,
    CORRELATION,
    PUBLISHED_AT,
    SERVICE,
    TEST_MODE,
    Delivery,
    HeaderValue,
)
from routing.parking import SOURCE_EXCHANGE
from schemas.envelope import Channel
from schemas.errors import Refused

_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_MAX_HEADER = 8000  # a signature with its certificate must fit


class Arrived(NamedTuple):
    """A message at the door. ``refusal`` is set where it must not pass, whatever it holds.

    ``traceparent`` is its place in a trace, which its records carry on.
    """

    raw: RawMessage
    lane: str
    body_sha256: str
    sender: str | None
    derived_id: bool
    refusal: Refused | None
    traceparent: str | None = None

    @property
    def published_at(self) -> datetime | None:
        """When its sender says it was published (aware), if it says so."""
        return _instant(self.raw.headers.get(PUBLISHED_AT))

    @property
    def corrects(self) -> str | None:
        """The refused message that the sender says this one comes in place of."""
        named = self.raw.headers.get(CORRECTS)
        if not named or named == self.raw.message_id or not _MESSAGE_ID.fullmatch(named):
            return None
        return named

    @property
    def test_mode(self) -> bool:
        """Whether the sender says that this is a test (decree 2.9.2)."""
        return self.raw.headers.get(TEST_MODE, "").lower() == "true"

    def sealed(self, records: int) -> Sealed:
        """Describe the message for the journal, ``records`` being how many it holds."""
        return Sealed(
            ministry=self.raw.ministry,
            message_id=self.raw.message_id,
            body=self.raw.body,
            body_sha256=self.body_sha256,
            lane=self.lane,
            content_type=self.raw.content_type,
            sender=self.sender,
            channel=self.raw.headers.get(CHANNEL, Channel.DIRECT),
            headers=self.raw.headers,
            published_at=self.published_at,
            records=records,
        )


def read(delivery: Delivery, now: datetime, ehis_only: Collection[str] = ()) -> Arrived:
    """Read a delivery of an intake queue, or of ``intake.unrouted`` where wrong keys end up.

    A message without a usable ``message_id`` gets one derived from its body. From the ministries
    in ``ehis_only`` nothing is taken that did not come over EHİS.
    """
    ministry, lane = _origin(delivery)
    body_sha256 = hashlib.sha256(delivery.body).hexdigest()
    usable = bool(_MESSAGE_ID.fullmatch(delivery.message_id))
    channel = _channel(delivery)
    refusal = _refusal(delivery, ministry, usable=usable)
    if channel is Channel.DIRECT and ministry in ehis_only:
        refusal = refusal or channel_refused()
    return Arrived(
        raw=RawMessage(
            ministry=ministry,
            message_id=delivery.message_id if usable else f"sha256-{body_sha256}",
            content_type=_printable(delivery.content_type),
            body=delivery.body,
            received_at=now,
            headers=_headers(delivery, channel),
        ),
        lane=lane,
        body_sha256=body_sha256,
        sender=delivery.user_id,
        derived_id=not usable,
        refusal=refusal,
    )


def channel_refused() -> Refused:
    """Say that a ministry must not send around EHİS."""
    return Refused("channel-not-allowed", "", "this body's messages are taken over EHİS only")


def _channel(delivery: Delivery) -> Channel:
    """Tell by the exchange, which the broker guards; a header would be the sender's own word."""
    if delivery.exchange == keys.DEFAULT and delivery.headers.get(CHANNEL) == Channel.DESK:
        return Channel.DESK
    over_ehis = _source_exchange(delivery) == keys.INTAKE_EHIS
    return Channel.EHIS if over_ehis else Channel.DIRECT


def _origin(delivery: Delivery) -> tuple[str, str]:
    if delivery.queue == keys.INTAKE_UNROUTED:
        return _source_exchange(delivery).removeprefix("intake.") or "unknown", keys.LANES[0]
    ministry, _, lane = delivery.queue.removeprefix("intake.").rpartition(".")
    return ministry, lane


def _source_exchange(delivery: Delivery) -> str:
    """Name the exchange first published to; the ladder alone leads over the default exchange."""
    if delivery.exchange != keys.DEFAULT:
        return delivery.exchange
    return str(delivery.headers.get(SOURCE_EXCHANGE, ""))


def _refusal(delivery: Delivery, ministry: str, *, usable: bool) -> Refused | None:
    if delivery.queue == keys.INTAKE_UNROUTED:
        return Refused("unroutable-key", "", "the routing key must be live or bulk")
    if delivery.user_id is not None and delivery.user_id != ministry:
        return Refused("user-id-mismatch", "", "the broker user is not this ministry's")
    if delivery.message_id and not usable:
        return Refused("message-id-format", "", "1 to 200 printable ASCII characters, no spaces")
    if str(delivery.headers.get(TEST_MODE, False)).lower() not in ("true", "false"):
        return Refused("test-mode-value", "", "the header test-mode must be true or false")
    return None


def _headers(delivery: Delivery, channel: Channel) -> dict[str, str]:
    """Take the headers, without those a sender has no say in.

    What a message goes back to is for the desk alone to say, and only over the default exchange,
    to which no ministry may publish; the conversation on EHİS is for EHİS.
    """
    headers = _texts(delivery.headers)
    if delivery.exchange != keys.DEFAULT:
        headers.pop(CAUSATION, None)
    if channel is not Channel.EHIS:
        headers.pop(CORRELATION, None)
        headers.pop(SERVICE, None)
    return headers | {CHANNEL: channel}


def _texts(headers: Mapping[str, HeaderValue]) -> dict[str, str]:
    return {_printable(key): _printable(str(value)) for key, value in headers.items()}


def _printable(text: str) -> str:
    """Make a sender's header safe to store: PostgreSQL's text knows no NUL."""
    text = text[:_MAX_HEADER]
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else None
