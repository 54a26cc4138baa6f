"""The journal: every message as received, once, before anything is made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from hub.evidence.sealing import Capsule, KeyDestroyed, Keyring
from hub.store.database import Row, Transaction, as_json

_COMPRESSED = Keyring()


class Sealed(NamedTuple):
    """A message as received; ``records`` is how many records it was found to hold."""

    ministry: str
    message_id: str
    body: bytes
    body_sha256: str
    lane: str
    content_type: str
    sender: str | None
    channel: str
    headers: Mapping[str, str | int | bool]
    published_at: datetime | None
    records: int

    @property
    def key_of_reuse(self) -> str:
        """The key under which a second body of the same message id is kept."""
        return f"{self.message_id}#{self.body_sha256[:12]}"


class Arrival(StrEnum):
    """What the journal knew of a message when it came."""

    FRESH = "fresh"
    AGAIN = "again"
    REUSED_ID = "reused-id"


class Admission(NamedTuple):
    """Where a message is kept, and how it arrived."""

    journal_id: int
    arrival: Arrival


_INSERT = """
INSERT INTO evidence.journal (ministry, message_key, message_id, body_sha256, lane, content_type,
    sender, channel, headers, size, published_at, received_at, records)
SELECT ministry, message_key, message_id, body_sha256, lane, content_type, sender, channel,
    headers, size, published_at, %(now)s, records
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (ministry text, message_key text, message_id text,
    body_sha256 text, lane text, content_type text, sender text, channel text, headers jsonb,
    size integer, published_at timestamptz, records integer)
ORDER BY ministry, message_key
ON CONFLICT (ministry, message_key) DO NOTHING
RETURNING ministry, message_key, journal_id
"""

_INSERT_BODIES = """
INSERT INTO evidence.journal_body (received_on, journal_id, key_id, body)
SELECT (%(now)s AT TIME ZONE 'Asia/Baku')::date, journal_id, key_id, decode(body, 'base64')
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (journal_id bigint, key_id text, body text)
"""

_FIND = """
SELECT j.ministry, j.message_key, j.journal_id, j.body_sha256
FROM evidence.journal j
JOIN jsonb_to_recordset(%s::jsonb) AS r (ministry text, message_key text)
  USING (ministry, message_key)
"""

_COUNT_ARRIVALS = """
UPDATE evidence.journal AS j SET arrivals = j.arrivals + r.times
FROM jsonb_to_recordset(%s::jsonb) AS r (journal_id bigint, times integer)
WHERE j.journal_id = r.journal_id
"""

_READ = """
SELECT j.journal_id, j.ministry, j.message_key, j.message_id, j.lane, j.content_type, j.sender,
    j.channel, j.headers, j.received_at, b.key_id, b.body
FROM evidence.journal j
JOIN evidence.journal_body b ON b.journal_id = j.journal_id
    AND b.received_on = (j.received_at AT TIME ZONE 'Asia/Baku')::date
WHERE j.journal_id IN (SELECT value::bigint FROM jsonb_array_elements(%s::jsonb))
"""

_EXPECT = "UPDATE evidence.journal SET records = records + %s WHERE journal_id = %s"

_Key = tuple[str, str]


def admit(
    tx: Transaction, messages: Sequence[Sealed], now: datetime, keyring: Keyring = _COMPRESSED
) -> list[Admission]:
    """Keep messages that were not seen before; answer one admission per message, in order.

    The same id with the same body is the same message, arrived again. The same id with another
    body is kept as well, under a key of its own, and reported as ``REUSED_ID``.
    """
    by_id = {(m.ministry, m.message_id): m for m in reversed(messages)}
    inserted = _insert(tx, by_id, now, keyring)
    known = {key: (journal_id, by_id[key].body_sha256) for key, journal_id in inserted.items()}
    known |= _find(tx, [key for key in by_id if key not in inserted])
    reused = {
        (m.ministry, m.key_of_reuse): m
        for m in messages
        if known[m.ministry, m.message_id][1] != m.body_sha256
    }
    reused_ids = _keep_reused(tx, reused, now, keyring) if reused else {}
    fresh = set(inserted.values())
    return _admissions(tx, messages, known, reused_ids, fresh)


def _keep_reused(
    tx: Transaction, reused: Mapping[_Key, Sealed], now: datetime, keyring: Keyring
) -> dict[_Key, int]:
    ids = _insert(tx, reused, now, keyring, records=1)
    found = _find(tx, [key for key in reused if key not in ids])
    return ids | {key: journal_id for key, (journal_id, _) in found.items()}


def _admissions(
    tx: Transaction,
    messages: Sequence[Sealed],
    known: Mapping[_Key, tuple[int, str]],
    reused: Mapping[_Key, int],
    fresh: set[int],
) -> list[Admission]:
    again: Counter[int] = Counter()
    admissions = []
    for message in messages:
        journal_id, body_sha256 = known[message.ministry, message.message_id]
        if body_sha256 != message.body_sha256:
            journal_id = reused[message.ministry, message.key_of_reuse]
            admissions.append(Admission(journal_id, Arrival.REUSED_ID))
        elif journal_id in fresh:
            fresh.discard(journal_id)
            admissions.append(Admission(journal_id, Arrival.FRESH))
        else:
            again[journal_id] += 1
            admissions.append(Admission(journal_id, Arrival.AGAIN))
    if again:
        rows = [{"journal_id": key, "times": times} for key, times in sorted(again.items())]
        tx.execute(_COUNT_ARRIVALS, [as_json(rows)])
    return admissions


def _insert(
    tx: Transaction,
    messages: Mapping[_Key, Sealed],
    now: datetime,
    keyring: Keyring,
    records: int | None = None,
) -> dict[_Key, int]:
    rows = [_row(key, message, records) for key, message in messages.items()]
    found = tx.rows(_INSERT, {"rows": as_json(rows), "now": now})
    ids = {(row["ministry"], row["message_key"]): int(row["journal_id"]) for row in found}
    bodies = [
        {"journal_id": journal_id}
        | keyring.seal(messages[key].body, _belonging(journal_id)).as_row()
        for key, journal_id in ids.items()
    ]
    if bodies:
        tx.execute(_INSERT_BODIES, {"rows": as_json(bodies), "now": now})
    return ids


def _row(key: _Key, message: Sealed, records: int | None) -> dict[str, Any]:
    return {
        "ministry": message.ministry,
        "message_key": key[1],
        "message_id": message.message_id,
        "body_sha256": message.body_sha256,
        "lane": message.lane,
        "content_type": message.content_type,
        "sender": message.sender,
        "channel": message.channel,
        "headers": dict(message.headers),
        "size": len(message.body),
        "published_at": message.published_at,
        "records": message.records if records is None else records,
    }


def _find(tx: Transaction, keys: Iterable[_Key]) -> dict[_Key, tuple[int, str]]:
    rows = [{"ministry": ministry, "message_key": key} for ministry, key in keys]
    found = tx.rows(_FIND, [as_json(rows)]) if rows else []
    return {
        (row["ministry"], row["message_key"]): (row["journal_id"], row["body_sha256"])
        for row in found
    }


def expect(tx: Transaction, journal_id: int, more: int) -> None:
    """Expect more records of a message than were found in it at first."""
    tx.execute(_EXPECT, [more, journal_id])


def read(tx: Transaction, journal_ids: Iterable[int], keyring: Keyring = _COMPRESSED) -> list[Row]:
    """Give back messages as received: journal columns and the original ``body`` bytes.

    Those whose bodies are gone, with their day's partition or with their key, are left out.
    """
    rows = tx.rows(_READ, [as_json(sorted(set(journal_ids)))])
    return [opened for row in rows if (opened := _opened(row, keyring))]


def _opened(row: Row, keyring: Keyring) -> Row | None:
    capsule = Capsule(row.pop("key_id"), bytes(row["body"]))
    try:
        return row | {"body": keyring.open(capsule, _belonging(row["journal_id"]))}
    except KeyDestroyed:
        return None


def _belonging(journal_id: int) -> str:
    return f"journal:{journal_id}"
