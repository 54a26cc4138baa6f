"""Standing findings: open while the data disagree, resolved when they agree again.

A finding is about a rule, a ministry, a record type, a subject and a ``place`` (a field, a fact's
key, a day or a range of numbers). What is found is always the whole of what a rule finds now, so
that whatever is open and no longer found is resolved. Nobody closes one by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from hub.store.database import Transaction, as_json
from hub.store.statements import Part, compose

_COMPARE: LiteralString = """
WITH found AS MATERIALIZED (
    SELECT rule, ministry, record_type, subject, place, max(amount) AS amount FROM ({found}) AS f
    GROUP BY rule, ministry, record_type, subject, place),
opened AS (
    INSERT INTO evidence.standing_finding AS s
        (rule, ministry, record_type, subject, place, amount, state, opened_at)
    SELECT rule, ministry, record_type, subject, place, amount, 'open', %(now)s FROM found f
    WHERE NOT EXISTS (
        SELECT FROM evidence.standing_finding s
        WHERE (s.rule, s.ministry, s.record_type, s.subject, s.place)
            = (f.rule, f.ministry, f.record_type, f.subject, f.place)
          AND s.state = 'open' AND s.amount = f.amount)
    ON CONFLICT (rule, ministry, record_type, subject, place) DO UPDATE
    SET amount = excluded.amount, state = 'open', resolved_at = NULL,
        times = s.times + (s.state = 'resolved')::integer,
        opened_at = CASE s.state WHEN 'resolved' THEN excluded.opened_at ELSE s.opened_at END
    RETURNING 1),
resolved AS (
    UPDATE evidence.standing_finding s SET state = 'resolved', resolved_at = %(now)s
    WHERE s.state = 'open'
      AND s.rule IN (SELECT value FROM jsonb_array_elements_text(%(rules)s::jsonb))
      AND (%(of)s::jsonb IS NULL
           OR (s.ministry, s.record_type) = (%(of)s::jsonb ->> 0, %(of)s::jsonb ->> 1))
      AND NOT EXISTS (
        SELECT FROM found f
        WHERE (s.rule, s.ministry, s.record_type, s.subject, s.place)
            = (f.rule, f.ministry, f.record_type, f.subject, f.place))
    RETURNING 1)
SELECT (SELECT count(*) FROM opened) AS opened, (SELECT count(*) FROM resolved) AS resolved
"""

_OPEN = """
SELECT ministry, rule, count(*) AS findings
FROM evidence.standing_finding WHERE state = 'open' GROUP BY ministry, rule
"""

_OPEN_OF = """
SELECT count(*) AS n FROM evidence.standing_finding
WHERE rule = %s AND ministry = %s AND record_type = %s AND state = 'open'
"""

_AMOUNTS = """
SELECT ministry, record_type, sum(amount)::bigint AS amount
FROM evidence.standing_finding WHERE state = 'open' AND rule = %s GROUP BY ministry, record_type
"""

_PLACES = """
SELECT ministry, rule, record_type, place, amount, opened_at FROM evidence.standing_finding
WHERE state = 'open' AND subject = ''
  AND (%(ministry)s::text IS NULL OR ministry = %(ministry)s)
  AND (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND (%(since)s::timestamptz IS NULL OR opened_at >= %(since)s)
ORDER BY ministry, rule, opened_at, record_type, place LIMIT %(most)s
"""

_STANDING = """
SELECT ministry, rule, count(*) FILTER (WHERE state = 'open') AS open,
    count(*) FILTER (WHERE state = 'resolved') AS resolved
FROM evidence.standing_finding
WHERE (%(ministry)s::text IS NULL OR ministry = %(ministry)s)
  AND (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND (%(since)s::timestamptz IS NULL OR opened_at >= %(since)s OR resolved_at >= %(since)s)
GROUP BY ministry, rule
"""

_NOTED = """
SELECT log.ministry, f.rule, count(*) AS noted
FROM evidence.finding f JOIN evidence.record_log log USING (record_id)
WHERE (%(ministry)s::text IS NULL OR log.ministry = %(ministry)s)
  AND (%(rule)s::text IS NULL OR f.rule = %(rule)s)
  AND (%(since)s::timestamptz IS NULL OR f.found_at >= %(since)s)
GROUP BY log.ministry, f.rule
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many findings opened, or changed in extent, and how many were resolved."""

    opened: int = 0
    resolved: int = 0

    def __add__(self, other: Turn) -> Turn:
        return Turn(self.opened + other.opened, self.resolved + other.resolved)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about; None is everything. ``since`` (aware) is when it was found."""

    ministry: str | None = None
    rule: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Findings of one ministry under one rule: with a state, and noted with records."""

    ministry: str
    rule: str
    open: int = 0
    resolved: int = 0
    noted: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """An open finding that is about nobody: a day, or a range of numbers (``opened_at`` aware)."""

    ministry: str
    rule: str
    record_type: str
    place: str
    amount: int
    opened_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        return {
            "ministry": self.ministry,
            "rule": self.rule,
            "record": self.record_type,
            "place": self.place,
            "amount": self.amount,
            "openedAt": self.opened_at.isoformat(),
        }


def compare(
    tx: Transaction,
    rules: Sequence[str],
    found: Part,
    now: datetime,
    given: Mapping[str, Any] | None = None,
    of: tuple[str, str] | None = None,
) -> Turn:
    """Bring the findings under some rules to what a query finds now.

    ``found`` is a query with the columns rule, ministry, record_type, subject, place (texts, not
    null) and amount; ``given`` are its own parameters. With ``of``, a ministry and record type, it
    finds and resolves only those.
    """
    narrowed = None if of is None else as_json(of)
    parameters = {"now": now, "rules": as_json(list(rules)), "of": narrowed, **(given or {})}
    (row,) = tx.rows(compose(_COMPARE, found=found), parameters)
    return Turn(row["opened"], row["resolved"])


def open_now(tx: Transaction) -> dict[tuple[str, str], int]:
    """Count open findings by ministry and rule."""
    return {(row["ministry"], row["rule"]): row["findings"] for row in tx.rows(_OPEN)}


def amounts(tx: Transaction, rule: str) -> dict[tuple[str, str], int]:
    """Sum what the open findings of a rule stand for, by ministry and record type."""
    rows = tx.rows(_AMOUNTS, [rule])
    return {(row["ministry"], row["record_type"]): row["amount"] for row in rows}


def places(tx: Transaction, wanted: Wanted, most: int) -> list[Place]:
    """List open findings that are about nobody, the oldest of each rule first."""
    return [Place(**row) for row in tx.rows(_PLACES, _asked(wanted) | {"most": most})]


def open_of(tx: Transaction, rule: str, ministry: str, record_type: str) -> int:
    """Count the open findings of a rule about one ministry's records of a type."""
    (row,) = tx.rows(_OPEN_OF, [rule, ministry, record_type])
    return int(row["n"])


def tallies(tx: Transaction, wanted: Wanted) -> list[Tally]:
    """Count findings per ministry and rule, in that order."""
    asked = _asked(wanted)
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for row in tx.rows(_STANDING, asked) + tx.rows(_NOTED, asked):
        counted.setdefault((row.pop("ministry"), row.pop("rule")), {}).update(row)
    return [Tally(ministry, rule, **counts) for (ministry, rule), counts in sorted(counted.items())]


def _asked(wanted: Wanted) -> dict[str, Any]:
    return {"ministry": wanted.ministry, "rule": wanted.rule, "since": wanted.since}
