"""Making a correction: a new record, linked to the one it replaces, which stays as it is. Pure.

Its id is derived from the letter and from what it says, so that the same correction made twice
is one. The ids under which it is journalled contain a blank: no ministry can use such a one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from hub.deadletters.difference import between, of_texts
from hub.deadletters.letter import WHOLE, is_raw
from hub.deadletters.reading import Reader, again
from hub.evidence.declined import Declined
from hub.evidence.journal import Sealed
from hub.evidence.record_log import Entry, State
from hub.store.database import Row
from routing.message import CAUSATION, CHANNEL, PUBLISHED_AT, Message
from schemas.catalogue import record_class
from schemas.envelope import CONTENT_TYPE, Channel, Event, derive_record_id, encode_batch
from schemas.errors import Refused

DESK = Channel.DESK


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected message; ``message_id`` is its id on the bus."""

    correction_id: str
    message_id: str
    record_id: str
    body: bytes
    difference: Any

    @property
    def body_sha256(self) -> str:
        """Hash of the corrected body."""
        return hashlib.sha256(self.body).hexdigest()


def correct(
    letter: Row, original: bytes, content: bytes, reader: Reader, now: datetime
) -> Correction:
    """Make a correction from what an operator wrote: a record's JSON, or a whole raw document.

    Raises ``Declined`` (``correction-unchanged``, ``correction-content``, ``correction-subject``).
    """
    if is_raw(letter["origin"]):
        return _of_document(letter, original, content, reader, now)
    return _of_record(letter, reader.events(letter, original, now), content, now)


def editable(letter: Row, body: bytes, reader: Reader, now: datetime) -> bytes:
    """Give the part of a body that a correction replaces, ready for an editor."""
    if is_raw(letter["origin"]):
        return body
    return orjson.dumps(_only(reader.events(letter, body, now)).data, option=orjson.OPT_INDENT_2)


def message_of(letter: Row, correction: Row, body: bytes, number: int, now: datetime) -> Message:
    """Make the message that carries an approved correction to the queue of the original."""
    message = again(letter, body, number, now)
    headers = {k: v for k, v in message.headers.items() if k != PUBLISHED_AT} | {
        CHANNEL: DESK,
        CAUSATION: causation(letter),
        PUBLISHED_AT: now.isoformat(),
    }
    return replace(message, message_id=correction["message_id"], headers=headers)


def admission(letter: Row, correction: Row, body: bytes, now: datetime) -> tuple[Sealed, Entry]:
    """Describe a correction for the journal and the record log; the journal id is still open.

    A corrected record is on its way from then on. A corrected document is parked until intake
    has read it, because only then its records are known.
    """
    raw = is_raw(letter["origin"])
    ministry, record_id = letter["ministry"], correction["record_id"].hex
    own_key = _journal_key(correction["correction_id"].hex)
    sealed = Sealed(
        ministry=ministry,
        message_id=correction["message_id"] if raw else own_key,
        body=body,
        body_sha256=correction["body_sha256"],
        lane=letter["lane"],
        content_type=letter["content_type"] if raw else CONTENT_TYPE,
        sender=None,
        channel=DESK,
        headers={CHANNEL: DESK, CAUSATION: causation(letter)},
        published_at=now,
        records=1,
    )
    state, cause = (State.PARKED, "correction-unread") if raw else (State.RECEIVED, None)
    kind = WHOLE if raw else letter["record_type"]
    version = None if raw else letter["version"]
    entry = Entry(record_id, 0, 0, ministry, letter["lane"], kind, state, cause, version=version)
    return sealed, entry


def causation(letter: Row) -> str:
    """Name what a correction goes back to: the record, or the letter with the raw message."""
    own = letter["letter_id"].hex if is_raw(letter["origin"]) else letter["message_id"]
    return str(own)


def _of_record(letter: Row, events: Sequence[Event], content: bytes, now: datetime) -> Correction:
    original = _only(events)
    record = _record(original, content)
    data = record.model_dump(mode="json", exclude_none=True)
    changes = [asdict(change) for change in between(original.data, data)]
    if not changes:
        raise Declined("correction-unchanged", "the record says what it said before")
    key = _key(letter, orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
    journal_key = _journal_key(key)
    record_id = derive_record_id(original.ministry, journal_key, 0, original.record_type)
    event = original.model_copy(
        update={
            "id": record_id,
            "messageid": journal_key,
            "ordinal": 0,
            "causationid": original.id,
            "channel": DESK,
            "subject": record.subject,
            "factkey": record.fact_key,
            "receivedtime": now,
            "data": data,
        }
    )
    body = encode_batch([event])
    return Correction(key, record_id, record_id, body, changes)


def _only(events: Sequence[Event]) -> Event:
    if len(events) != 1 or events[0].data is None:
        raise Declined("correction-subject", "only a letter with one whole record can be corrected")
    return events[0]


def _record(original: Event, content: bytes) -> Any:
    try:
        data = orjson.loads(content)
        return record_class(original.record_type, original.record_version).model_validate(data)
    except orjson.JSONDecodeError:
        raise Declined("correction-content", "this is not JSON") from None
    except Refused as error:
        raise Declined("correction-content", error.explanation) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Declined("correction-content", f"{field}: {first['type']}") from None


def _of_document(
    letter: Row, original: bytes, content: bytes, reader: Reader, now: datetime
) -> Correction:
    if content == original:
        raise Declined("correction-unchanged", "the document says what it said before")
    key = _key(letter, content)
    message_id = f"{DESK}.{key}"
    corrected = letter | {"message_id": message_id, "cause": ""}
    _check(reader, corrected, content, now)
    record_id = derive_record_id(letter["ministry"], message_id, 0, WHOLE)
    return Correction(key, message_id, record_id, content, of_texts(original, content))


def _check(reader: Reader, letter: Row, content: bytes, now: datetime) -> None:
    for held in reader.held(letter, content, now):
        if held.broken:
            raise Declined("correction-content", f"the document still fails: {held.broken}")
        if held.refusal:
            rule, field = held.refusal.rule, held.refusal.field
            raise Declined("correction-content", f"{rule} at {field or 'message'}")


def _key(letter: Row, content: bytes) -> str:
    text = f"{letter['letter_id'].hex}\x1f{hashlib.sha256(content).hexdigest()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _journal_key(correction_id: str) -> str:
    return f"{DESK} {correction_id}"
