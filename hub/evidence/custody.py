"""The custody statement: what became of everything a ministry sent on one day.

It is derived from journal and record log alone, so that drawing it again gives the same, and it
is kept. A day is stated once nothing of it is on its way any more, and at the latest a day after
its end. Parked records may still find their end: then the statement gets a further revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from hub.evidence.ledger import SETTLED
from hub.evidence.record_log import State
from hub.store.database import Database, Row, Transaction, as_json
from routing.observer import Observer

BAKU = ZoneInfo("Asia/Baku")
"""Days are those of the ministries."""

PATIENCE = timedelta(days=1)
"""How long after its end a day may wait for records on their way, and between two looks at a day
of which something is parked."""

_DAYS_AT_ONCE = 31

# The digest is of record ids and states, in two steps so that no text grows with the day.
_DRAW: LiteralString = """
WITH messages AS (
    SELECT journal_id, ministry, records FROM evidence.journal
    WHERE received_at >= %(begins)s AND received_at < %(ends)s
), counted AS (
    SELECT ministry, count(*) AS messages, sum(records)::bigint AS received
    FROM messages GROUP BY ministry
), records AS (
    SELECT m.ministry, log.record_id, log.state, log.relays
    FROM messages m JOIN evidence.record_log log USING (journal_id)
), parts AS (
    SELECT ministry, left(record_id::text, 2) AS part,
        sha256(string_agg(record_id::text || state, ',' ORDER BY record_id)::bytea) AS digest
    FROM records GROUP BY 1, 2
), digests AS (
    SELECT ministry, encode(sha256(string_agg(digest, ''::bytea ORDER BY part)), 'hex') AS digest
    FROM parts GROUP BY ministry
), states AS (
    SELECT ministry, state, count(*) AS records,
        count(*) FILTER (WHERE relays >= %(limit)s) AS lost
    FROM records GROUP BY ministry, state
)
SELECT c.ministry, c.messages, c.received, coalesce(d.digest, '') AS digest,
    coalesce((SELECT jsonb_object_agg(s.state, jsonb_build_array(s.records, s.lost))
              FROM states s WHERE s.ministry = c.ministry), '{}') AS states
FROM counted c LEFT JOIN digests d USING (ministry)
"""

_LATEST: LiteralString = """
SELECT DISTINCT ON (day, ministry) ministry, day, revision, messages, received, settled,
    in_flight, unaccounted, digest, drawn_at
FROM evidence.custody
WHERE day >= %(first)s AND day <= %(last)s
ORDER BY day DESC, ministry, revision DESC
"""

# Under a lock: two who find that something has changed must not both say so.
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('evidence.custody')) AS mine"

_KEEP = """
INSERT INTO evidence.custody (ministry, day, revision, messages, received, settled, in_flight,
    unaccounted, digest, drawn_at)
SELECT ministry, day, revision, messages, received, settled, in_flight, unaccounted, digest,
    %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (ministry text, day date, revision integer,
    messages bigint, received bigint, settled jsonb, in_flight bigint, unaccounted bigint,
    digest text)
ON CONFLICT DO NOTHING
"""

_LOOKED = """
INSERT INTO evidence.custody_look (day, pending, looked_at) VALUES (%s, %s, %s)
ON CONFLICT (day) DO UPDATE SET pending = excluded.pending, looked_at = excluded.looked_at
"""

_FIRST = "SELECT received_at FROM evidence.journal ORDER BY journal_id LIMIT 1"

_DUE = """
SELECT d.day::date AS day, look.day IS NULL AS unstated
FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS d (day)
LEFT JOIN evidence.custody_look look ON look.day = d.day::date
WHERE look.day IS NULL OR (look.pending > 0 AND look.looked_at < %(before)s)
ORDER BY d.day
"""


@dataclass(frozen=True, slots=True)
class Custody:
    """One ministry's statement of one day, in records; ``digest`` names each with its state.

    ``unaccounted`` counts records that are missing, and open ones that were given a new holder as
    often as the relay may.
    """

    ministry: str
    day: date
    messages: int
    received: int
    settled: Mapping[State, int]
    in_flight: int
    unaccounted: int
    digest: str

    @property
    def pending(self) -> int:
        """Records that may still change their state."""
        return self.in_flight + self.unaccounted + self.settled.get(State.PARKED, 0)

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON and for the table."""
        counts = {str(state): self.settled.get(state, 0) for state in SETTLED}
        return asdict(self) | {"day": self.day.isoformat(), "settled": counts}


def draw(
    tx: Transaction, day: date, ministries: Sequence[str], *, relay_limit: int
) -> list[Custody]:
    """Draw up a day as it is now; ministries that sent nothing have a statement of zeros."""
    begins = datetime(day.year, day.month, day.day, tzinfo=BAKU)
    params = {"begins": begins, "ends": begins + timedelta(days=1), "limit": relay_limit}
    found = {row["ministry"]: row for row in tx.rows(_DRAW, params)}
    return [_custody(name, day, found.get(name)) for name in sorted({*ministries, *found})]


def latest(tx: Transaction, first: date, last: date) -> list[Row]:
    """Read the last revision of every statement of some days, latest day first."""
    return tx.rows(_LATEST, {"first": first, "last": last})


@dataclass(frozen=True, slots=True)
class Custodian:
    """Draws the statements that are due. Any number may work side by side; one does at a time."""

    database: Database
    ministries: Sequence[str]
    observer: Observer
    relay_limit: int = 3

    def step(self, now: datetime) -> int:
        """State the days that can be stated; return how many statements and revisions are new.

        Each day is a transaction of its own. Raises ``Unavailable`` or ``RetryLater``.
        """
        due = self._due(now)
        drawn = [self._state(row["day"], now) for row in due]
        waiting = sum(
            row["unstated"] and made is None for row, made in zip(due, drawn, strict=True)
        )
        self.observer.gauge("custody_due", waiting)
        return sum(made or 0 for made in drawn)

    def _due(self, now: datetime) -> list[Row]:
        yesterday = now.astimezone(BAKU).date() - timedelta(days=1)
        with self.database.transaction() as tx:
            began = tx.rows(_FIRST)
            if not began:
                return []
            first = began[0]["received_at"].astimezone(BAKU).date()
            params = {"first": first, "last": yesterday, "before": now - PATIENCE}
            return tx.rows(_DUE, params)[:_DAYS_AT_ONCE]

    def _state(self, day: date, now: datetime) -> int | None:
        """State a day; None where it has to wait, or somebody else does it."""
        ends = datetime(day.year, day.month, day.day, tzinfo=BAKU) + timedelta(days=1)
        with self.database.transaction() as tx:
            tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            (lock,) = tx.rows(_LOCK)
            if not lock["mine"]:
                return None
            found = draw(tx, day, self.ministries, relay_limit=self.relay_limit)
            if any(each.in_flight for each in found) and now < ends + PATIENCE:
                return None
            known = {row["ministry"]: row for row in latest(tx, day, day)}
            news = [row for each in found if (row := _revised(each, known.get(each.ministry)))]
            if news:
                tx.execute(_KEEP, {"rows": as_json(news), "now": now})
            tx.execute(_LOOKED, [day, sum(each.pending for each in found), now])
        return len(news)


def _custody(name: str, day: date, row: Row | None) -> Custody:
    if row is None:
        return Custody(name, day, 0, 0, {}, 0, 0, "")
    states = {State(state): counts for state, counts in row["states"].items()}
    records = sum(count for count, _ in states.values())
    still_open = [counts for state, counts in states.items() if state.open]
    lost = sum(lost for _, lost in still_open)
    return Custody(
        ministry=name,
        day=day,
        messages=row["messages"],
        received=row["received"],
        settled={state: count for state, (count, _) in states.items() if not state.open},
        in_flight=sum(count for count, _ in still_open) - lost,
        unaccounted=lost + abs(row["received"] - records),
        digest=row["digest"],
    )


def _revised(drawn: Custody, known: Row | None) -> dict[str, Any] | None:
    """Render a statement as a row if it says something new."""
    row = drawn.as_dict()
    if known and all(known[key] == row[key] for key in row if key != "day"):
        return None
    return row | {"revision": known["revision"] + 1 if known else 1}
