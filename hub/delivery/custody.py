"""Custody: for each subscriber and record one row that says where the record is.

A record that waits for a limit, for another attempt or for a person waits here, whole, and
leaves its content behind when it goes. That it was handed out (``delivery_id``) stays, so that no
older version of its fact follows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from hub.delivery.gate import VersionKey
from hub.store.database import Row, Transaction, as_json
from schemas.envelope import Event, json_values


class State(StrEnum):
    """Where a record is. ``sent`` counts as delivered once its parcel was confirmed."""

    SENT = "sent"
    WITHHELD = "withheld"
    HELD = "held"
    RETRYING = "retrying"
    PARKED = "parked"
    RECALLED = "recalled"


@dataclass(frozen=True)
class Due:
    """A record that may be due to a subscriber; ``stored`` if it comes out of custody.

    ``attempts`` counts failures behind it.
    """

    event: Event
    lane: str
    stored: bool = False
    attempts: int = 0

    @cached_property
    def version(self) -> VersionKey:
        """Place in its source's order."""
        return self.event.version, self.event.operation.rank, self.event.id

    @cached_property
    def fact(self) -> str:
        """The fact it is about, as 32 hex digits."""
        event = self.event
        parts = (event.ministry, event.record_type, event.subject, event.factkey)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Known:
    """What custody has of a record already."""

    state: State
    delivered: bool
    grant: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where records are, the same for all that came there together.

    With ``keep`` a record's content is kept until ``due`` or for good.
    """

    state: State
    reason: str | None = None
    grant_id: str | None = None
    grant_version: int | None = None
    delivery_id: str | None = None
    due: datetime | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be written; ``attempts`` as in ``Due``."""

    record: Due
    place: Place
    attempts: int


_KNOWN = """
SELECT c.record_id, c.state, c.grant_id, c.grant_version, c.delivery_id,
    p.delivered_at IS NOT NULL AS delivered
FROM jsonb_array_elements_text(%(ids)s::jsonb) AS r (id)
CROSS JOIN LATERAL (SELECT * FROM outbound.custody
    WHERE subscriber = %(subscriber)s AND record_id = r.id::uuid LIMIT 1) AS c
LEFT JOIN outbound.parcel p USING (delivery_id)
"""
# One look into the index for each record, whatever the planner knows of the table: left to
# choose, it reads all of the subscriber's rows while they are few or were never analysed.

_NEWEST = """
SELECT n.fact, n.version, n.rank, n.record_id
FROM jsonb_array_elements_text(%(facts)s::jsonb) AS f (fact)
CROSS JOIN LATERAL (SELECT fact, version, rank, record_id FROM outbound.custody
    WHERE subscriber = %(subscriber)s AND fact = f.fact::uuid AND delivery_id IS NOT NULL
    ORDER BY version DESC, rank DESC, record_id DESC LIMIT 1) AS n
"""

_PUT = """
INSERT INTO outbound.custody AS custody (subscriber, record_id, state, reason, record_type, lane,
    fact, version, rank, grant_id, grant_version, delivery_id, attempts, due, event, decided_at)
SELECT %(subscriber)s, r.record_id, state, reason, r.record_type, r.lane, r.fact, r.version,
    r.rank, grant_id, grant_version, delivery_id, r.attempts, due, r.event, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (place integer, record_id uuid, record_type text,
    lane text, fact uuid, version bigint, rank smallint, attempts smallint, event jsonb)
JOIN jsonb_to_recordset(%(places)s::jsonb) AS p (place integer, state text, reason text,
    grant_id text, grant_version integer, delivery_id uuid, due timestamptz) USING (place)
ORDER BY r.record_id
ON CONFLICT (subscriber, record_id) DO UPDATE SET state = excluded.state,
    reason = excluded.reason, grant_id = excluded.grant_id,
    grant_version = excluded.grant_version,
    delivery_id = coalesce(excluded.delivery_id, custody.delivery_id),
    attempts = excluded.attempts, due = excluded.due, event = excluded.event,
    decided_at = excluded.decided_at
"""

_WAITING = """
SELECT lane, attempts, event FROM outbound.custody
WHERE subscriber = %(subscriber)s AND due <= %(now)s ORDER BY due, record_id LIMIT %(limit)s
"""


_PARKED = """
SELECT record_id, record_type, reason, attempts, decided_at FROM outbound.custody
WHERE subscriber = %s AND state = 'parked' ORDER BY decided_at, record_id LIMIT %s
"""

_AGAIN = """
UPDATE outbound.custody SET state = 'retrying', attempts = 0, due = %(now)s
WHERE subscriber = %(subscriber)s AND state = 'parked'
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
"""


def known(tx: Transaction, subscriber: str, record_ids: Iterable[str]) -> Mapping[str, Known]:
    """Tell what is known of each record."""
    rows = tx.rows(_KNOWN, {"subscriber": subscriber, "ids": as_json(list(record_ids))})
    return {
        row["record_id"].hex: Known(
            State(row["state"]),
            row["delivered"],
            (row["grant_id"], row["grant_version"]) if row["delivery_id"] else None,
        )
        for row in rows
    }


def newest_sent(tx: Transaction, subscriber: str, facts: Iterable[str]) -> dict[str, VersionKey]:
    """Tell the newest version of each fact that was ever handed out."""
    rows = tx.rows(_NEWEST, {"subscriber": subscriber, "facts": as_json(sorted(set(facts)))})
    return {row["fact"].hex: (row["version"], row["rank"], row["record_id"].hex) for row in rows}


def put(tx: Transaction, subscriber: str, entries: Sequence[Entry], now: datetime) -> None:
    """Write rows; each record at most once."""
    if not entries:
        return
    places = {id(entry.place): entry.place for entry in entries}
    numbers = {key: number for number, key in enumerate(places)}
    given = {
        "subscriber": subscriber,
        "rows": as_json([_row(entry, numbers[id(entry.place)]) for entry in entries]),
        "places": as_json([_columns(*each) for each in enumerate(places.values())]),
        "now": now,
    }
    tx.execute(_PUT, given)


def waiting(tx: Transaction, subscriber: str, now: datetime, limit: int) -> list[Due]:
    """Read records whose time has come, in the order in which it came."""
    rows = tx.rows(_WAITING, {"subscriber": subscriber, "now": now, "limit": limit})
    return [
        Due(Event.model_validate(row["event"]), row["lane"], stored=True, attempts=row["attempts"])
        for row in rows
    ]


def parked(tx: Transaction, subscriber: str, limit: int) -> list[Row]:
    """List what waits for a person."""
    return tx.rows(_PARKED, [subscriber, limit])


def again(tx: Transaction, subscriber: str, reason: str | None, now: datetime) -> int:
    """Let parked records, those of one cause or all, be tried again; return how many."""
    return tx.execute(_AGAIN, {"subscriber": subscriber, "reason": reason, "now": now})


def _row(entry: Entry, place: int) -> dict[str, Any]:
    event = entry.record.event
    row = {
        "place": place,
        "record_id": event.id,
        "record_type": event.record_type,
        "lane": entry.record.lane,
        "fact": entry.record.fact,
        "version": event.version,
        "rank": event.operation.rank,
        "attempts": entry.attempts,
    }
    return row | {"event": json_values(event)} if entry.place.keep else row


def _columns(number: int, place: Place) -> dict[str, Any]:
    return {
        "place": number,
        "state": place.state,
        "reason": place.reason,
        "grant_id": place.grant_id,
        "grant_version": place.grant_version,
        "delivery_id": place.delivery_id,
        "due": place.due,
    }
