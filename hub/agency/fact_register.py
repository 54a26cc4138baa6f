"""The register of facts that staff entered: who entered what, how it stands, and until when.

It says what became of an entry. What the registry believes of anybody it does not say: that is
written from the journal, where each entry and each end of one is a message like a ministry's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hub.evidence.declined import Declined
from hub.store.database import Row, Transaction, as_json
from schemas.staff_fact import StaffFact


class FactState(StrEnum):
    """How an entry stands."""

    PROPOSED = "proposed"
    REJECTED = "rejected"
    IN_FORCE = "in-force"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entered fact. It holds from ``since`` until ``expires_at`` (aware, UTC), where set."""

    fact_id: int
    fact: StaffFact
    since: datetime
    expires_at: datetime | None
    state: FactState
    entered_by: str


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('agency.fact:' || %s, 0))"
_NUMBER = "SELECT nextval(pg_get_serial_sequence('agency.fact', 'fact_id')) AS fact_id"

_ADD = """
INSERT INTO agency.fact (fact_id, subject, record, says, since, expires_at, state, entered_by,
    entered_at)
OVERRIDING SYSTEM VALUE
VALUES (%s, %s, %s::jsonb, ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)), %s, %s, %s, %s, %s)
"""

_READ = """
SELECT fact_id, record, since, expires_at, state, entered_by FROM agency.fact
WHERE fact_id = %s FOR UPDATE
"""

_DUE = """
SELECT fact_id, record, since, expires_at, state, entered_by FROM agency.fact
WHERE state = 'in-force' AND expires_at <= %s
ORDER BY expires_at, fact_id LIMIT %s FOR UPDATE SKIP LOCKED
"""

_DECIDED = """
UPDATE agency.fact SET state = %s, record = %s::jsonb, decided_by = %s, decided_at = %s
WHERE fact_id = %s
"""
_ENDED = "UPDATE agency.fact SET state = %s, ended_by = %s, ended_at = %s WHERE fact_id = %s"

_SAID = """
SELECT fact_id FROM agency.fact
WHERE subject = %s AND state IN ('proposed', 'in-force')
  AND says && ARRAY(SELECT jsonb_array_elements_text(%s::jsonb))
ORDER BY fact_id LIMIT 1
"""

_LIST = """
SELECT fact_id, state, says, since, expires_at, entered_by, entered_at, decided_by, decided_at,
    ended_by, ended_at
FROM agency.fact WHERE %(state)s::text IS NULL OR state = %(state)s ORDER BY fact_id
"""

_SHOW = """
SELECT fact_id, subject, record, state, says, since, expires_at, entered_by, entered_at,
    decided_by, decided_at, ended_by, ended_at
FROM agency.fact WHERE fact_id = %s
"""


def number(tx: Transaction) -> int:
    """Take the number of a new entry."""
    (row,) = tx.rows(_NUMBER)
    return int(row["fact_id"])


def free(tx: Transaction, fact: StaffFact) -> None:
    """See that no other entry speaks of the same; until the transaction ends none can come.

    Two entries of one source could not contradict each other visibly. Raises ``Declined``
    (``fact-said``).
    """
    tx.rows(_LOCK, [fact.subject])
    found = tx.rows(_SAID, [fact.subject, as_json(sorted(fact.said))])
    if found:
        told = f"fact {found[0]['fact_id']} says something of the same; withdraw it first"
        raise Declined("fact-said", told)


def add(tx: Transaction, entry: Entry, now: datetime) -> None:
    """Keep a new entry."""
    fact = entry.fact
    given = [entry.fact_id, fact.subject, _json(fact), as_json(sorted(fact.said)), entry.since]
    tx.execute(_ADD, [*given, entry.expires_at, entry.state, entry.entered_by, now])


def find(tx: Transaction, fact_id: int, *allowed: FactState) -> Entry:
    """Take an entry, which nobody else changes meanwhile.

    Raises ``Declined``: ``fact-unknown``, or ``fact-state`` where it stands otherwise.
    """
    rows = tx.rows(_READ, [fact_id])
    if not rows:
        raise Declined("fact-unknown", "there is no fact of that number")
    entry = _entry(rows[0])
    if entry.state not in allowed:
        raise Declined("fact-state", f"the fact is {entry.state}")
    return entry


def due(tx: Transaction, now: datetime, most: int) -> list[Entry]:
    """Take entries in force whose time is over; those that somebody else has in hand are not."""
    return [_entry(row) for row in tx.rows(_DUE, [now, most])]


def decided(
    tx: Transaction, entry: Entry, fact: StaffFact, state: FactState, by: str, now: datetime
) -> None:
    """Note what was decided about a proposed entry."""
    tx.execute(_DECIDED, [state, _json(fact), by, now, entry.fact_id])


def ended(tx: Transaction, entry: Entry, state: FactState, by: str, now: datetime) -> None:
    """Note that an entry is in force no more."""
    tx.execute(_ENDED, [state, by, now, entry.fact_id])


def known(tx: Transaction, state: FactState | None = None) -> list[Row]:
    """List entries without whom they are about or what they say."""
    return tx.rows(_LIST, {"state": state})


def show(tx: Transaction, fact_id: int) -> Row | None:
    """Read all of one entry."""
    return next(iter(tx.rows(_SHOW, [fact_id])), None)


def _entry(row: Row) -> Entry:
    until = row["expires_at"]
    return Entry(
        fact_id=row["fact_id"],
        fact=StaffFact.model_validate(row["record"]),
        since=row["since"].astimezone(UTC),
        expires_at=until and until.astimezone(UTC),
        state=FactState(row["state"]),
        entered_by=row["entered_by"],
    )


def _json(fact: StaffFact) -> str:
    return as_json(fact.model_dump(mode="json", exclude_none=True))
