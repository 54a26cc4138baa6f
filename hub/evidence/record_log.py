"""The record log: one row per record id, its state, and nothing that could be derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.store.database import Transaction, as_json


class State(StrEnum):
    """What became of a record. ``received`` and ``retrying`` are on their way; the rest rest."""

    RECEIVED = "received"
    RETRYING = "retrying"
    WRITTEN = "written"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    PARKED = "parked"
    DISCARDED = "discarded"
    REPLACED = "replaced"

    @property
    def open(self) -> bool:
        """Whether the record is still on its way."""
        return self in (State.RECEIVED, State.RETRYING)

    @property
    def final(self) -> bool:
        """Whether the state suppresses further work; a parked record may still be written."""
        return not self.open and self is not State.PARKED


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as intake found it: accepted (``received``) or settled at once (``refused``)."""

    record_id: str
    journal_id: int
    ordinal: int
    ministry: str
    lane: str
    record_type: str
    state: State
    cause: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a hop says became of a record; ``cause`` names the rule or failure, if any."""

    record_id: str
    state: State
    cause: str | None = None
    field: str | None = None
    attempts: int | None = None


_ADMIT = """
INSERT INTO evidence.record_log (record_id, journal_id, ordinal, ministry, lane, record_type,
    state, cause, field, received_at, held_since, settled_at)
SELECT record_id, journal_id, ordinal, ministry, lane, record_type, state, cause, field,
    %(now)s, %(now)s, CASE WHEN state = 'received' THEN NULL ELSE %(now)s::timestamptz END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, journal_id bigint, ordinal integer,
    ministry text, lane text, record_type text, state text, cause text, field text)
ORDER BY record_id
ON CONFLICT (record_id) DO NOTHING
"""

_SETTLE = """
UPDATE evidence.record_log AS log
SET state = r.state, cause = r.cause, field = r.field,
    attempts = coalesce(r.attempts, log.attempts),
    held_since = CASE WHEN r.state IN ('received', 'retrying') THEN %(now)s ELSE held_since END,
    settled_at = CASE WHEN r.state IN ('received', 'retrying') THEN NULL
                      ELSE %(now)s::timestamptz END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, state text, cause text,
    field text, attempts smallint)
WHERE log.record_id = r.record_id
  AND log.state IN ('received', 'retrying', 'parked')
"""

_STATES = """
SELECT record_id, state FROM evidence.record_log
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""


def admit(tx: Transaction, entries: Iterable[Entry], now: datetime) -> None:
    """Write the rows of records that were not seen before; seen ones keep their row."""
    rows = [
        {
            "record_id": entry.record_id,
            "journal_id": entry.journal_id,
            "ordinal": entry.ordinal,
            "ministry": entry.ministry,
            "lane": entry.lane,
            "record_type": entry.record_type,
            "state": entry.state,
            "cause": entry.cause,
            "field": entry.field,
        }
        for entry in entries
    ]
    if rows:
        tx.execute(_ADMIT, {"rows": as_json(rows), "now": now})


def settle(tx: Transaction, settlements: Iterable[Settlement], now: datetime) -> int:
    """Move records to a new state; a final state never moves. Return how many rows moved."""
    rows = [
        {
            "record_id": settlement.record_id,
            "state": settlement.state,
            "cause": settlement.cause,
            "field": settlement.field,
            "attempts": settlement.attempts,
        }
        for settlement in settlements
    ]
    return tx.execute(_SETTLE, {"rows": as_json(rows), "now": now}) if rows else 0


def states(tx: Transaction, record_ids: Iterable[str]) -> Mapping[str, State]:
    """Tell the state of each known record id."""
    found = tx.rows(_STATES, [as_json(list(record_ids))])
    return {row["record_id"].hex: State(row["state"]) for row in found}


def final_outcomes(tx: Transaction, record_ids: Iterable[str]) -> Mapping[str, State]:
    """Tell which of the records need no more work, and what became of them."""
    return {key: state for key, state in states(tx, record_ids).items() if state.final}
