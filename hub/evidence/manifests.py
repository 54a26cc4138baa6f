"""Daily manifests as kept, and what the hub has to set against them.

A message is of the day in Baku on which its sender says it was published, else of that on which
it came. Messages that came more than two days after are found by their id alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, LiteralString

from hub.store.database import Row, Statement, Transaction, as_json
from hub.store.statements import Composed, compose
from schemas.manifest import CONTENT_TYPE, ManifestDocument

MOST_NAMED = 1000

_KEEP = """
INSERT INTO evidence.manifest AS known
    (ministry, day, record_id, message_id, body, received_at)
SELECT ministry, day, record_id, message_id, body, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (ministry text, day date, record_id uuid, message_id text, body jsonb)
ON CONFLICT (ministry, day) DO UPDATE
SET record_id = excluded.record_id, message_id = excluded.message_id, body = excluded.body,
    received_at = excluded.received_at, agrees = NULL, missing = 0, extra = 0, absent = '{}'
WHERE known.record_id <> excluded.record_id
"""

_DUE = """
SELECT ministry, day, record_id, message_id, body, answer FROM evidence.manifest
WHERE agrees IS NOT TRUE AND day >= %s AND received_at <= %s ORDER BY day, ministry
"""

_SENT: LiteralString = """
SELECT DISTINCT message_id COLLATE "C" AS message_id FROM evidence.journal
WHERE ministry = %(ministry)s
  AND received_at >= (%(day)s::date - 1)::timestamp AT TIME ZONE 'Asia/Baku'
  AND received_at < (%(day)s::date + 3)::timestamp AT TIME ZONE 'Asia/Baku'
  AND (coalesce(published_at, received_at) AT TIME ZONE 'Asia/Baku')::date = %(day)s::date
  AND NOT starts_with(lower(content_type), %(manifest)s)
"""

_LISTED: LiteralString = """
SELECT DISTINCT value AS message_id FROM jsonb_array_elements_text(%(listed)s::jsonb)
"""

_COUNT: LiteralString = """
SELECT count(*) AS received,
    encode(sha256(convert_to(coalesce(string_agg(message_id || E'\\n', '' ORDER BY message_id),
        ''), 'UTF8')), 'hex') AS sha256
FROM ({sent}) AS sent
"""

_NAME: LiteralString = """
WITH sent AS ({sent}),
listed AS (SELECT DISTINCT value COLLATE "C" AS message_id
    FROM jsonb_array_elements_text(%(listed)s::jsonb)),
missing AS (SELECT message_id FROM listed l WHERE NOT EXISTS (
    SELECT FROM evidence.journal j
    WHERE j.ministry = %(ministry)s AND j.message_key = l.message_id)),
extra AS (SELECT message_id FROM sent EXCEPT SELECT message_id FROM listed)
SELECT (SELECT count(*) FROM missing) AS missing, (SELECT count(*) FROM extra) AS extra,
    array(SELECT message_id FROM missing ORDER BY 1 LIMIT %(most)s) AS missing_ids,
    array(SELECT message_id FROM extra ORDER BY 1 LIMIT %(most)s) AS extra_ids
"""

_NUMBERS = """
SELECT DISTINCT version FROM evidence.record_log
WHERE ministry = %s AND record_type = %s AND numbered AND version BETWEEN %s AND %s
ORDER BY version
"""

_LOOKED = """
UPDATE evidence.manifest
SET agrees = %(agrees)s, missing = %(missing)s, extra = %(extra)s, absent = %(absent)s,
    answer = %(answer)s::uuid
WHERE ministry = %(ministry)s AND day = %(day)s AND record_id = %(record_id)s
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A manifest with the record it came as."""

    record_id: str
    message_id: str
    document: ManifestDocument


@dataclass(frozen=True, slots=True)
class Due:
    """A manifest that does not agree yet; ``answer`` is the receipt last drawn up about it."""

    kept: Kept
    answer: str | None


def keep(tx: Transaction, manifests: Iterable[Kept], now: datetime) -> None:
    """Keep manifests; of several for one day the one received last counts."""
    rows = {
        (each.document.ministry, each.document.day): {
            "ministry": each.document.ministry,
            "day": each.document.day,
            "record_id": each.record_id,
            "message_id": each.message_id,
            "body": each.document.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        for each in manifests
    }
    if rows:
        tx.execute(_KEEP, {"rows": as_json(list(rows.values())), "now": now})


def due(tx: Transaction, first: date, before: datetime) -> list[Due]:
    """List manifests from this day on, received before then, that do not agree yet."""
    return [_due(row) for row in tx.rows(_DUE, [first, before])]


def of_day(tx: Transaction, ministry: str, day: date) -> tuple[int, str]:
    """Count the messages of a day, and digest their ids."""
    (row,) = tx.rows(
        _statement(_COUNT), {"ministry": ministry, "day": day, "manifest": CONTENT_TYPE}
    )
    return row["received"], row["sha256"]


def named(tx: Transaction, ministry: str, day: date, listed: Sequence[str]) -> Row:
    """Compare listed ids with what came: ``missing``, ``extra`` and the first ids of each."""
    parameters = {
        "ministry": ministry,
        "day": day,
        "manifest": CONTENT_TYPE,
        "listed": as_json(listed),
        "most": MOST_NAMED,
    }
    (row,) = tx.rows(_statement(_NAME), parameters)
    return row


def numbers(tx: Transaction, ministry: str, record_type: str, first: int, last: int) -> list[int]:
    """List the numbers of operations that came, from first to last, in order."""
    return [row["version"] for row in tx.rows(_NUMBERS, [ministry, record_type, first, last])]


def shown(kept: Kept) -> tuple[Composed, dict[str, Any]]:
    """Give a query for the ids of a manifest's messages, and its parameters."""
    told = kept.document
    if told.message_ids is None:
        given = {"ministry": told.ministry, "day": told.day, "manifest": CONTENT_TYPE}
        return compose(_SENT), given
    return compose(_LISTED), {"ministry": told.ministry, "listed": as_json(told.message_ids)}


def looked(
    tx: Transaction,
    kept: Kept,
    *,
    agrees: bool,
    missing: int,
    extra: int,
    absent: Mapping[str, int],
    answer: str,
) -> None:
    """Keep how a manifest compares, unless another one came in its place meanwhile."""
    parameters: dict[str, Any] = {
        "ministry": kept.document.ministry,
        "day": kept.document.day,
        "record_id": kept.record_id,
        "agrees": agrees,
        "missing": missing,
        "extra": extra,
        "absent": as_json(absent),
        "answer": answer,
    }
    tx.execute(_LOOKED, parameters)


@cache
def _statement(template: LiteralString) -> Statement:
    return compose(template, sent=compose(_SENT))


def _due(row: Row) -> Due:
    document = ManifestDocument.model_validate(row["body"])
    kept = Kept(row["record_id"].hex, row["message_id"], document)
    return Due(kept, row["answer"].hex if row["answer"] else None)
