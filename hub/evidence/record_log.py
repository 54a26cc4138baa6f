"""The record log: one row per record id, its state, and nothing that could be derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from hub.store.database import Row, Transaction, as_json
from hub.store.statements import compose, prepared


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


class Entry(NamedTuple):
    """A record as intake found it: accepted (``received``) or settled at once (``refused``).

    ``version`` orders the operations of its fact; ``numbered`` if the source itself gave it, as a
    number. ``occurred_at`` (aware) is when the change took effect there. Both are None where
    nothing could be read.
    """

    record_id: str
    journal_id: int
    ordinal: int
    ministry: str
    lane: str
    record_type: str
    state: State
    cause: str | None = None
    field: str | None = None
    version: int | None = None
    numbered: bool = False
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a hop says became of a record; ``cause`` names the rule or failure, if any.

    ``due`` is when a record on the retry ladder comes back: until then the ladder holds it.
    """

    record_id: str
    state: State
    cause: str | None = None
    field: str | None = None
    attempts: int | None = None
    due: datetime | None = None


# What ends for good does so once, and is queued for its receipt here; a receipt has so many
# outcomes at most. What is parked may move on untold: the receipts' relay looks for it itself.
_QUEUE = compose("""
INSERT INTO evidence.receipt_due (ministry, records)
SELECT ministry, array_agg(record_id)
FROM (
    SELECT ministry, record_id, row_number() OVER (PARTITION BY ministry) / 250 AS part
    FROM moved WHERE state NOT IN ('received', 'retrying', 'parked')
) AS ended
GROUP BY ministry, part
""")  # fmt: skip

_ADMIT = prepared("""
WITH moved AS (
    INSERT INTO evidence.record_log (record_id, journal_id, ordinal, ministry, lane, record_type,
        state, cause, field, version, numbered, occurred_at,
        received_at, held_since, settled_at, receipted)
    SELECT record_id, journal_id, ordinal, ministry, lane, record_type, state, cause, field,
        version, numbered, occurred_at, %(now)s, %(now)s,
        CASE WHEN state = 'received' THEN NULL ELSE %(now)s::timestamptz END,
        CASE WHEN state IN ('received', 'retrying', 'parked') THEN NULL ELSE state END
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, journal_id bigint,
        ordinal integer, ministry text, lane text, record_type text, state text, cause text,
        field text, version bigint, numbered boolean, occurred_at timestamptz)
    ORDER BY record_id
    ON CONFLICT (record_id) DO NOTHING
    RETURNING ministry, record_id, state
)
{queue}
""", queue=_QUEUE)  # fmt: skip

# The ways of what ended here, and the last thing the record log is asked of them.
_SETTLE = prepared("""
WITH moved AS (
    UPDATE evidence.record_log AS log
    SET state = r.state, cause = r.cause, field = r.field,
        attempts = coalesce(r.attempts, log.attempts),
        held_since = CASE WHEN r.state IN ('received', 'retrying') THEN coalesce(r.due, %(now)s)
                          ELSE held_since END,
        settled_at = CASE WHEN r.state IN ('received', 'retrying') THEN NULL
                          ELSE %(now)s::timestamptz END,
        receipted = CASE WHEN r.state IN ('received', 'retrying', 'parked') THEN receipted
                         ELSE r.state END
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, state text, cause text,
        field text, attempts smallint, due timestamptz)
    WHERE log.record_id = r.record_id
      AND log.state IN ('received', 'retrying', 'parked')
    RETURNING log.ministry, log.lane, log.record_id, log.state, log.journal_id
), queued AS ({queue})
SELECT m.ministry, m.lane, coalesce(j.published_at, j.received_at) AS began, count(*) AS records
FROM moved m
CROSS JOIN LATERAL (SELECT * FROM evidence.journal WHERE journal_id = m.journal_id LIMIT 1) AS j
WHERE m.state IN ('written', 'unchanged', 'superseded')
GROUP BY m.ministry, m.lane, began
""", queue=_QUEUE)  # fmt: skip

_RETRIED = """
INSERT INTO evidence.retry (record_id, noted_at, attempts, cause, due)
SELECT record_id, %(now)s, attempts, cause, due
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (record_id uuid, attempts smallint, cause text, due timestamptz)
ON CONFLICT DO NOTHING
"""

_STATES = """
SELECT log.record_id, log.state FROM jsonb_array_elements_text(%s::jsonb) AS r (id)
CROSS JOIN LATERAL (SELECT record_id, state FROM evidence.record_log
    WHERE record_id = r.id::uuid LIMIT 1) AS log
"""


_LOST = """
SELECT log.record_id, log.journal_id
FROM evidence.record_log log
JOIN jsonb_to_recordset(%(horizons)s::jsonb) AS h (ministry text, lane text, before timestamptz)
  USING (ministry, lane)
WHERE log.state IN ('received', 'retrying') AND log.held_since < h.before
  AND log.relays < %(limit)s
ORDER BY log.held_since LIMIT %(most)s
"""

_RELAYED = """
UPDATE evidence.record_log SET relays = relays + 1, state = 'received', held_since = %(now)s
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))
  AND state IN ('received', 'retrying')
"""


_OPEN_OF = """
SELECT record_id FROM evidence.record_log
WHERE journal_id = %s AND state IN ('received', 'retrying')
"""


_OPEN_MINISTRIES = """
SELECT DISTINCT ministry FROM evidence.record_log WHERE state IN ('received', 'retrying')
"""

_UNREAD = """
SELECT journal_id, record_id FROM evidence.record_log
WHERE journal_id IN (SELECT value::bigint FROM jsonb_array_elements(%s::jsonb))
  AND record_type = %s AND state IN ('received', 'retrying', 'parked')
"""

_RESUMED = """
UPDATE evidence.record_log
SET state = 'received', cause = NULL, field = NULL, attempts = 0, relays = 0,
    held_since = %(now)s, settled_at = NULL
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))
  AND state = 'parked'
"""


@dataclass(frozen=True, slots=True)
class Lost:
    """An open record that nothing holds any more."""

    record_id: str
    journal_id: int


def admit(tx: Transaction, entries: Iterable[Entry], now: datetime) -> None:
    """Write the rows of records that were not seen before; seen ones keep their row."""
    rows = [entry._asdict() for entry in entries]
    if rows:
        tx.execute(_ADMIT, {"rows": as_json(rows), "now": now})


def settle(tx: Transaction, settlements: Iterable[Settlement], now: datetime) -> list[Row]:
    """Move records to a new state; a final state never moves.

    Returns where and when those that came to the registry began their way: ministry, lane, began
    (aware) and records. They begin when their message was published, or received where its sender
    did not say.
    """
    rows = [
        {
            "record_id": settlement.record_id,
            "state": settlement.state,
            "cause": settlement.cause,
            "field": settlement.field,
            "attempts": settlement.attempts,
            "due": settlement.due,
        }
        for settlement in settlements
    ]
    retried = [row for row in rows if row["state"] is State.RETRYING]
    if retried:
        tx.execute(_RETRIED, {"rows": as_json(retried), "now": now})
    return tx.rows(_SETTLE, {"rows": as_json(rows), "now": now}) if rows else []


def states(tx: Transaction, record_ids: Iterable[str]) -> Mapping[str, State]:
    """Tell the state of each known record id."""
    found = tx.rows(_STATES, [as_json(list(record_ids))])
    return {row["record_id"].hex: State(row["state"]) for row in found}


def final_outcomes(tx: Transaction, record_ids: Iterable[str]) -> Mapping[str, State]:
    """Tell which of the records need no more work, and what became of them."""
    return {key: state for key, state in states(tx, record_ids).items() if state.final}


def open_of(tx: Transaction, journal_id: int) -> list[str]:
    """List the records of one message that have no outcome yet."""
    return [row["record_id"].hex for row in tx.rows(_OPEN_OF, [journal_id])]


def open_ministries(tx: Transaction) -> set[str]:
    """Name the ministries that have records on their way."""
    return {row["ministry"] for row in tx.rows(_OPEN_MINISTRIES)}


def unread(tx: Transaction, journal_ids: Iterable[int], record_type: str) -> dict[int, str]:
    """Tell which messages still count as one record of this type, without an end, by journal id."""
    rows = tx.rows(_UNREAD, [as_json(list(journal_ids)), record_type])
    return {row["journal_id"]: row["record_id"].hex for row in rows}


def lost(tx: Transaction, horizons: object, *, limit: int, most: int) -> list[Lost]:
    """List open records held by nothing since before their lane's horizon, oldest first.

    Those that were relayed ``limit`` times already are left out; at most ``most`` are listed.
    """
    rows = tx.rows(_LOST, {"horizons": as_json(horizons), "limit": limit, "most": most})
    return [Lost(row["record_id"].hex, row["journal_id"]) for row in rows]


def relayed(tx: Transaction, record_ids: Iterable[str], now: datetime) -> None:
    """Count one relay for each record and note that it is held again."""
    tx.execute(_RELAYED, {"ids": as_json(list(record_ids)), "now": now})


def resumed(tx: Transaction, record_ids: Iterable[str], now: datetime) -> None:
    """Note that parked records are on their way again, with a fresh count of attempts."""
    tx.execute(_RESUMED, {"ids": as_json(list(record_ids)), "now": now})
