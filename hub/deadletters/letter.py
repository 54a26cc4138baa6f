"""A dead letter: a message that needs a person, read from the dead queue it came from. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hub.intake.arrival import read
from routing.message import ATTEMPTS, CAUSE, PUBLISHED_AT, REPLAY, Delivery, HeaderValue
from routing.parking import EXPLANATION, PARKED_AT
from schemas.envelope import Event, decode_batch
from schemas.errors import Refused

DEAD = "dead."
INTAKE = "intake."
WHOLE = "message"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BURIED_BY_BROKER = "x-first-death-reason"
_PATH = re.compile(r"\w+(?:\.\w+)+(?=: )")
_DERIVED = re.compile(r"[0-9a-f]{32}")
_MOST_TEXT = 500


class State(StrEnum):
    """Where a letter stands.

    ``sending`` is the moment between the ledger entry and the broker's confirm; ``sent`` is
    confirmed, its outcome open; the last three are the end.
    """

    PARKED = "parked"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    SETTLED = "settled"
    REPLACED = "replaced"
    DISCARDED = "discarded"

    @property
    def ready(self) -> bool:
        """Whether a replay would send something."""
        return self in (State.PARKED, State.APPROVED)

    @property
    def waiting(self) -> bool:
        """Whether a person may still decide about it."""
        return self.ready or self is State.PROPOSED


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it lay in its dead queue. ``parked_at`` is aware.

    ``subject``, ``version`` and ``rank`` are its place in its subject's original order; a
    ministry's raw message has no subject yet and the time of its publishing as version (µs).
    ``occurrence`` tells one failure from the next: a second delivery of the same one is no news.
    ``record_ids`` are known of canonical messages only; ``journal_key`` of raw ones.
    """

    letter_id: str
    origin: str
    message_id: str
    body: bytes
    body_sha256: str
    content_type: str
    headers: dict[str, HeaderValue]
    ministry: str
    lane: str
    record_type: str
    subject: str
    version: int
    rank: int
    cause: str
    field: str
    explanation: str
    attempts: int
    replay: str
    parked_at: datetime
    occurrence: str
    record_ids: tuple[str, ...] = ()
    journal_key: str = ""


def opened(delivery: Delivery, now: datetime) -> Letter:
    """Read a delivery of a dead queue; ``now`` (aware) stands in where no parking time is told."""
    return _opened(delivery, _events(delivery), now)


def unopened(delivery: Delivery, now: datetime) -> Letter:
    """Take a delivery for what its headers say, without looking into the body."""
    return _opened(delivery, (), now)


def letter_id(origin: str, message_id: str, body_sha256: str) -> str:
    """``H(origin queue, message id, body hash)`` as 32 hex digits."""
    text = "\x1f".join((origin, message_id, body_sha256))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_raw(origin: str) -> bool:
    """Whether letters of this queue hold a ministry's message as received."""
    return origin.startswith(INTAKE)


def field_of(explanation: str) -> str:
    """Find the field path with which explanations of unfit content begin."""
    found = _PATH.match(explanation)
    return found.group() if found else ""


def printable(text: str) -> str:
    """Make a text safe to store and to show: PostgreSQL knows no NUL, terminals know escapes."""
    return "".join(c if c.isprintable() else "�" for c in text[:_MOST_TEXT])


def _opened(delivery: Delivery, events: Sequence[Event], now: datetime) -> Letter:
    origin = delivery.queue.removeprefix(DEAD)
    headers = delivery.headers
    body_sha256 = hashlib.sha256(delivery.body).hexdigest()
    explanation = printable(str(headers.get(EXPLANATION, "")))
    replay = printable(str(headers.get(REPLAY, "")))
    told = printable(str(headers.get(PARKED_AT, "")))
    letter = Letter(
        letter_id=letter_id(origin, delivery.message_id, _own_hash(delivery, origin, body_sha256)),
        origin=origin,
        message_id=printable(delivery.message_id),
        body=delivery.body,
        body_sha256=body_sha256,
        content_type=printable(delivery.content_type),
        headers={printable(k): _storable(v) for k, v in headers.items()},
        ministry="unknown",
        lane=origin.rpartition(".")[2],
        record_type="batch",
        subject="",
        version=_published(delivery, now),
        rank=0,
        cause=printable(str(headers.get(CAUSE) or _buried(delivery))),
        field=field_of(explanation),
        explanation=explanation,
        attempts=_count(headers.get(ATTEMPTS)),
        replay=replay,
        parked_at=_instant(told) or now,
        occurrence=f"{told}/{replay}",
    )
    return _raw(letter, delivery, now) if is_raw(origin) else _canonical(letter, events)


def _own_hash(delivery: Delivery, origin: str, body_sha256: str) -> str:
    """Leave out the hash where the message id says it all: canonical ones are derived from the
    records. Read a second time, those differ in when the hub received them, and are the same."""
    derived = not is_raw(origin) and _DERIVED.fullmatch(delivery.message_id)
    return "" if derived else body_sha256


def _raw(letter: Letter, delivery: Delivery, now: datetime) -> Letter:
    arrived = read(replace(delivery, queue=letter.origin), now)
    return replace(
        letter,
        ministry=printable(arrived.raw.ministry),
        lane=arrived.lane,
        record_type=WHOLE,
        journal_key=arrived.raw.message_id,
    )


def _canonical(letter: Letter, events: Sequence[Event]) -> Letter:
    if not events:
        return letter
    first = events[0]
    alike = all((e.ministry, e.subject) == (first.ministry, first.subject) for e in events)
    return replace(
        letter,
        ministry=printable(first.ministry),
        record_type=printable(first.record_type),
        subject=printable(first.subject) if alike else "",
        version=first.version,
        rank=first.operation.rank,
        record_ids=tuple(event.id for event in events),
    )


def _events(delivery: Delivery) -> Sequence[Event]:
    if is_raw(delivery.queue.removeprefix(DEAD)):
        return ()
    try:
        return decode_batch(delivery.body)
    except Refused:
        return ()


def _buried(delivery: Delivery) -> str:
    """Name the cause of a letter that the broker's safety net caught, not the hub."""
    return f"broker-{delivery.headers.get(_BURIED_BY_BROKER, 'undelivered')}"


def _published(delivery: Delivery, now: datetime) -> int:
    told = _instant(str(delivery.headers.get(PUBLISHED_AT, ""))) or delivery.timestamp or now
    return (told - _EPOCH) // _MICROSECOND


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _storable(value: HeaderValue) -> HeaderValue:
    return printable(value) if isinstance(value, str) else value


def _count(value: HeaderValue | None) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0
