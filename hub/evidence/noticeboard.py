"""What became of notices: seen, to be corrected by a day that was agreed, corrected.

Grouped by rule, for one cause makes many notices: one for each message at least. The
decree sets no day for a correction; a ``correct_by`` is only ever what Agency and ministry agreed
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, LiteralString

from hub.store.database import Row, Transaction, as_json


class Stand(StrEnum):
    """Where a notice stands: not confirmed by the broker yet, waiting to be seen, seen, past its
    day, or corrected."""

    UNPUBLISHED = "unpublished"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    OVERDUE = "overdue"
    CORRECTED = "corrected"


_STAND: LiteralString = """CASE
    WHEN corrected_at IS NOT NULL THEN 'corrected'
    WHEN correct_by < %(today)s THEN 'overdue'
    WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
    WHEN published_at IS NULL THEN 'unpublished'
    ELSE 'open' END"""

_GROUPED: LiteralString = "SELECT ministry, body ->> 'kind' AS kind, body ->> 'rule' AS rule,"
_COUNTED: LiteralString = """AS stand, count(*) AS notices,
    sum(coalesce(jsonb_array_length(body -> 'records'), 1))::integer AS records,
    min(created_at) AS first, max(created_at) AS last, min(correct_by) AS correct_by
FROM evidence.notice WHERE"""
_LARGEST_FIRST: LiteralString = "GROUP BY 1, 2, 3, 4 ORDER BY notices DESC, 1, 3, 4"

_COLUMNS: LiteralString = """
SELECT * FROM (SELECT notice_id, ministry, body, created_at, published_at, acknowledged_at,
    acknowledged_by, correct_by, corrected_at, corrected_by,"""
_FROM: LiteralString = "AS stand FROM evidence.notice WHERE"
_LATEST_FIRST: LiteralString = """) AS n
WHERE (%(stand)s::text IS NULL OR stand = %(stand)s)
  AND (%(after)s::uuid IS NULL OR (created_at, notice_id) <
       (SELECT created_at, notice_id FROM evidence.notice WHERE notice_id = %(after)s::uuid))
ORDER BY created_at DESC, notice_id DESC LIMIT %(most)s"""

_CONDITIONS: dict[str, LiteralString] = {
    "ministry": "ministry = %(ministry)s",
    "rule": "body ->> 'rule' = %(rule)s",
    "message_id": "body ->> 'messageId' = %(message_id)s",
    "ids": "notice_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))",
}

_ACKNOWLEDGE: LiteralString = """
UPDATE evidence.notice SET acknowledged_at = %(now)s, acknowledged_by = %(by)s
WHERE acknowledged_at IS NULL AND """

_AGREE: LiteralString = """
UPDATE evidence.notice SET correct_by = %(correct_by)s
WHERE corrected_at IS NULL AND """


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which notices are meant; what is None does not matter."""

    ministry: str | None = None
    rule: str | None = None
    message_id: str | None = None
    ids: Sequence[str] | None = None

    def where(self) -> tuple[LiteralString, dict[str, Any]]:
        """Render the condition and its parameters."""
        given = {
            "ministry": self.ministry,
            "rule": self.rule,
            "message_id": self.message_id,
            "ids": None if self.ids is None else as_json(list(self.ids)),
        }
        params = {key: value for key, value in given.items() if value is not None}
        conditions: LiteralString = " AND ".join(_CONDITIONS[key] for key in params)
        return conditions or "true", params


def groups(tx: Transaction, chosen: Chosen, today: date) -> list[Row]:
    """Count notices, and the records they are about, by ministry, kind, rule and where they
    stand; the largest group first."""
    where, params = chosen.where()
    statement = " ".join((_GROUPED, _STAND, _COUNTED, where, _LARGEST_FIRST))
    return tx.rows(statement, params | {"today": today})


def page(
    tx: Transaction,
    chosen: Chosen,
    today: date,
    *,
    stand: Stand | None = None,
    most: int = 50,
    after: str | None = None,
) -> list[Row]:
    """List notices, latest first; the next page begins behind the notice ``after``."""
    where, params = chosen.where()
    statement = " ".join((_COLUMNS, _STAND, _FROM, where, _LATEST_FIRST))
    stood = str(stand) if stand else None
    return tx.rows(
        statement, params | {"today": today, "stand": stood, "after": after, "most": most}
    )


def acknowledge(tx: Transaction, chosen: Chosen, by: str, now: datetime) -> int:
    """Note that notices were seen, and by whom; return how many were not known to be before."""
    where, params = chosen.where()
    return tx.execute(_ACKNOWLEDGE + where, params | {"by": by, "now": now})


def agree(tx: Transaction, chosen: Chosen, correct_by: date) -> int:
    """Note by when what notices are about will be corrected; return of how many."""
    where, params = chosen.where()
    return tx.execute(_AGREE + where, params | {"correct_by": correct_by})


def described(row: Row) -> dict[str, Any]:
    """Render a notice with what became of it, for JSON."""
    return {
        **row["body"],
        "publishedAt": _text(row["published_at"]),
        "stand": row["stand"],
        "acknowledgedAt": _text(row["acknowledged_at"]),
        "acknowledgedBy": row["acknowledged_by"],
        "correctBy": _text(row["correct_by"]),
        "correctedAt": _text(row["corrected_at"]),
        "correctedBy": row["corrected_by"],
    }


def _text(at: date | None) -> str | None:
    return at.isoformat() if at else None
