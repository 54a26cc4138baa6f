"""What becomes of a message at the door: proven, judged, and put onto the bus, confirmed.

A message none of whose records could be accepted is refused here, in the sender's own call, and
is not taken: the same id may come again with a better body. Everything else is published, and
intake has the last word on each record.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from connectors._kit.contract import Connector, RawMessage, Rules
from hub.evidence import audit
from hub.evidence.audit import Act
from hub.evidence.downtime.pauses import Pauses
from hub.http.signatures import Proven, Verifier
from hub.intake.arrival import channel_refused
from hub.intake.examining import examine
from hub.store.database import Database
from routing import keys
from routing.bus import Publisher, Unroutable
from routing.message import (
    CORRECTS,
    CORRELATION,
    PUBLISHED_AT,
    SENDER,
    SERVICE,
    SIGNATURE,
    TEST_MODE,
    TRACEPARENT,
    HeaderValue,
    Message,
)
from schemas.envelope import Channel
from schemas.errors import Refused, Unavailable

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing

_log = structlog.get_logger()
_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_JUDGED = 1024 * 1024

Refusals = tuple[tuple[int, Refused], ...]
"""Refused records of a message, by ordinal."""


class MinistryPaused(Unavailable):
    """An operator has paused this ministry: nothing of it is taken until it is resumed."""


class NothingAcceptable(Refused):
    """Every record of a message is refused; it speaks for the first of them."""

    def __init__(self, refusals: Refusals) -> None:
        first = refusals[0][1]
        super().__init__(first.rule, first.field, first.explanation)
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a message on EHİS belongs to."""

    correlation_id: str
    service_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it stands before the door; ``message_id`` is empty where none was given.

    ``corrects`` is the id of the refused message that it comes in place of, if the sender says so;
    ``test_mode`` what it says of whether this is a test.
    With a ``conversation`` it came over EHİS, without one from the ministry itself.
    """

    connector: Connector
    lane: str
    message_id: str
    content_type: str
    body: bytes
    sender: str
    jws: str = ""
    corrects: str = ""
    test_mode: str = ""
    conversation: Conversation | None = None
    traceparent: str | None = None

    @property
    def channel(self) -> Channel:
        """How it came."""
        return Channel.EHIS if self.conversation else Channel.DIRECT


@dataclass(frozen=True, slots=True)
class Taken:
    """A message the broker has confirmed, and what is known of its records already."""

    message_id: str
    lane: str
    refusals: Refusals


@dataclass(frozen=True)
class Door:
    """Takes messages, from any thread. ``verifiers`` are those of the ministries that sign."""

    publisher: Publisher
    database: Database
    verifiers: Mapping[str, Verifier]
    rules: Rules
    ehis_only: frozenset[str] = frozenset()
    tracing: Tracing | None = None
    pauses: Pauses | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, letter: Letter, now: datetime) -> Taken:
        """Take a message and return when the broker has it.

        Raises ``Refused`` (nothing of it was taken) or ``Unavailable`` (it may have been: send
        it again, under the same id).
        """
        if self.tracing is None:
            return self._take(letter, now)
        attributes = {"ministry": letter.connector.name, "channel": str(letter.channel)}
        with self.tracing.messages("door", [(letter.traceparent, attributes)]) as (mark,):
            place = mark.traceparent or letter.traceparent
            return self._take(replace(letter, traceparent=place), now)

    def check_pause(self, ministry: str) -> None:
        """Turn away a ministry that is paused (``MinistryPaused``)."""
        if self.pauses and ministry in self.pauses.now().ministries:
            raise MinistryPaused("paused")

    def _take(self, letter: Letter, now: datetime) -> Taken:
        self.check_pause(letter.connector.name)
        self.check_channel(letter.connector.name, letter.channel)
        proven = self._prove(letter, _raw(letter, now))
        with self.lock:
            refusals = _judge(proven.raw, letter.connector, self.rules)
        try:
            self.publisher.publish([_message(letter, proven, now)])
        except Unroutable as error:
            _log.warning("nowhere to put a message", cause=str(error))
            raise Unavailable(str(error)) from None
        return Taken(proven.raw.message_id, letter.lane, refusals)

    def check_channel(self, ministry: str, channel: Channel) -> None:
        """Refuse what should have come over EHİS (``channel-not-allowed``)."""
        if channel is Channel.DIRECT and ministry in self.ehis_only:
            raise channel_refused()

    def _prove(self, letter: Letter, raw: RawMessage) -> Proven:
        verify = self.verifiers.get(letter.connector.name)
        if verify is None:
            return Proven(raw, "")
        try:
            proven = verify(raw, letter.jws)
        except Refused as refusal:
            if refusal.rule == "signature-invalid":
                self._audit(letter, refusal, raw.received_at)
            raise
        if letter.message_id:
            return proven
        return replace(proven, raw=replace(proven.raw, message_id=_derived_id(proven.raw.body)))

    def _audit(self, letter: Letter, refusal: Refused, now: datetime) -> None:
        """Write down, for good, that a message came with a bad signature."""
        ministry, digest = letter.connector.name, hashlib.sha256(letter.body).hexdigest()
        _log.warning("signature refused", ministry=ministry, cause=refusal.explanation)
        act = Act(
            actor=f"sender:{letter.sender}",
            action="message-refused",
            object=f"message:{ministry}/{letter.message_id or f'sha256-{digest}'}",
            reason=refusal.rule,
            detail={"sha256": digest, "bytes": len(letter.body)},
        )
        with self.lock, self.database.transaction() as tx:
            audit.record(tx, act, now)


def _raw(letter: Letter, now: datetime) -> RawMessage:
    if letter.message_id and not _MESSAGE_ID.fullmatch(letter.message_id):
        raise Refused("message-id-format", "", "1 to 200 printable ASCII characters, no spaces")
    message_id = letter.message_id or _derived_id(letter.body)
    return RawMessage(letter.connector.name, message_id, letter.content_type, letter.body, now)


def _derived_id(body: bytes) -> str:
    """Name a message by its content, as intake does for one without an id."""
    return f"sha256-{hashlib.sha256(body).hexdigest()}"


def _judge(raw: RawMessage, connector: Connector, rules: Rules) -> Refusals:
    """Say which records will be refused; raise ``NothingAcceptable`` where all will be.

    A large message is not judged here: it is worth neither the wait nor the memory.
    """
    if len(raw.body) > _JUDGED:
        return ()
    found = examine(raw, connector, rules)
    refusals = tuple((each.ordinal, each.refusal) for each in found if each.refusal)
    if len(refusals) == len(found):
        raise NothingAcceptable(refusals)
    return refusals


def _message(letter: Letter, proven: Proven, now: datetime) -> Message:
    headers: dict[str, HeaderValue] = {PUBLISHED_AT: now.isoformat(), SENDER: letter.sender}
    if proven.signature:
        headers[SIGNATURE] = proven.signature
    if letter.corrects:
        headers[CORRECTS] = letter.corrects
    if letter.traceparent:
        headers[TRACEPARENT] = letter.traceparent
    if letter.test_mode:
        headers[TEST_MODE] = letter.test_mode
    exchange, key = keys.intake_exchange(letter.connector.name), letter.lane
    if letter.conversation:
        headers[CORRELATION] = letter.conversation.correlation_id
        headers[SERVICE] = letter.conversation.service_id
        exchange, key = keys.INTAKE_EHIS, keys.ehis_key(letter.connector.name, letter.lane)
    return Message(
        exchange=exchange,
        routing_key=key,
        body=proven.raw.body,
        message_id=proven.raw.message_id,
        content_type=proven.raw.content_type,
        headers=headers,
        timestamp=now,
    )
