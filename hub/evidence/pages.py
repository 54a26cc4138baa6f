"""Pages of the ledger: what has come to rest is counted once, and its sums are carried forward.

A page is so many messages in a row, with their records. It is closed once none of these is on its
way, and its sums are kept. The database itself opens it again where a row of it is written or
changed, by whatever hand (migration 0032). So the sums are as exact as counting everything, at
the price of what moves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hub.evidence.record_log import State
from hub.parts import in_parts
from hub.store.database import Database, Row, Transaction, as_json
from hub.store.statements import compose, prepared
from schemas.errors import RetryLater

MESSAGES, EXPECTED, AGAIN = "messages", "expected", "again"
"""What is counted of a ministry's messages: how many, their records, and repeated arrivals."""

Sums = Mapping[str, Counter[str]]
"""By ministry: what is counted of its messages, and its records by state."""

AT_ONCE = 16
"""Pages that are closed together: whoever wants to change one waits so long."""

PATIENCE = "1s"
"""How long closing waits for those who are changing something, and others behind it."""

# Of some pages: rows of page, ministry, what is counted and how many; of records also when the
# first and the last of them were settled.
_COUNT = compose("""
SELECT asked.page, found.*
FROM asked CROSS JOIN LATERAL (
    SELECT m.ministry, what.*, NULL::timestamptz AS first, NULL::timestamptz AS last FROM (
        SELECT ministry, count(*) AS messages, sum(records)::bigint AS expected,
            sum(arrivals - 1)::bigint AS again
        FROM evidence.journal
        WHERE journal_id >= asked.page * evidence.page_size()
          AND journal_id < (asked.page + 1) * evidence.page_size()
        GROUP BY ministry) AS m
    CROSS JOIN LATERAL (VALUES ('messages', m.messages), ('expected', m.expected),
        ('again', m.again)) AS what (what, number)
    UNION ALL
    SELECT ministry, state, count(*), min(settled_at), max(settled_at) FROM evidence.record_log
    WHERE journal_id >= asked.page * evidence.page_size()
      AND journal_id < (asked.page + 1) * evidence.page_size()
    GROUP BY ministry, state
) AS found
""")

_OPEN = compose("""
SELECT page FROM generate_series(0, evidence.last_page()) AS page
WHERE NOT EXISTS (SELECT FROM evidence.closed_page closed WHERE closed.page = page.page)
""")

_SUMS = prepared("""
WITH asked AS MATERIALIZED ({open}), counted AS ({count})
SELECT ministry, what, sum(number)::bigint AS number FROM (
    SELECT ministry, what, number FROM counted
    UNION ALL
    SELECT each ->> 0, each ->> 1, (each ->> 2)::bigint
    FROM evidence.closed_page CROSS JOIN LATERAL jsonb_array_elements(sums) AS each
) AS parts GROUP BY ministry, what
""", open=_OPEN, count=_COUNT)  # fmt: skip

_ANEW = """
SELECT ministry, 'messages' AS what, count(*) AS number FROM evidence.journal GROUP BY ministry
UNION ALL
SELECT ministry, 'expected', sum(records)::bigint FROM evidence.journal GROUP BY ministry
UNION ALL
SELECT ministry, 'again', sum(arrivals - 1)::bigint FROM evidence.journal GROUP BY ministry
UNION ALL
SELECT ministry, state, count(*) FROM evidence.record_log GROUP BY ministry, state
"""

# The last page is left out: it is being written.
_DUE = prepared("""
SELECT page FROM ({open}) AS open
WHERE page < evidence.last_page()
  AND page NOT IN (SELECT journal_id / evidence.page_size() FROM evidence.record_log
      WHERE state IN ('received', 'retrying'))
ORDER BY page
""", open=_OPEN)  # fmt: skip

_ALONE = "SELECT pg_advisory_xact_lock(hashtext('evidence.page'), -1)"

_CLEAR = """
WITH opened AS (DELETE FROM evidence.page_opened RETURNING page)
DELETE FROM evidence.page USING opened WHERE page.page = opened.page
"""

_TAKE = """
SELECT value::bigint AS page FROM jsonb_array_elements(%s::jsonb)
WHERE pg_try_advisory_xact_lock(hashtext('evidence.page'), value::integer)
"""

_COUNT_THESE = prepared("""
WITH asked AS MATERIALIZED (SELECT value::bigint AS page FROM jsonb_array_elements(%s::jsonb))
{count}
""", count=_COUNT)  # fmt: skip

_KEEP = """
INSERT INTO evidence.page (page, records, first, last, sums)
SELECT page, records, first, last, sums
FROM jsonb_to_recordset(%s::jsonb)
    AS r (page bigint, records integer, first timestamptz, last timestamptz, sums jsonb)
ON CONFLICT (page) DO NOTHING
"""


def carried_forward(tx: Transaction) -> Sums:
    """Count all there is: what is closed by its sums, everything else row by row."""
    tx.count_by_index()
    return _by_ministry(tx.rows(_SUMS))


def counted_anew(tx: Transaction) -> Sums:
    """Count all there is row by row, whatever was closed."""
    tx.count_alone()
    return _by_ministry(tx.rows(_ANEW))


def moving(counts: Counter[str]) -> int:
    """Tell how many records of a ministry are on their way."""
    return sum(counts[state] for state in State if state.open)


def missing(counts: Counter[str]) -> int:
    """Tell by how many the records that are there differ from those that were expected."""
    return abs(counts[EXPECTED] - sum(counts[state] for state in State))


def differences(tx: Transaction) -> list[str]:
    """Name what closed pages say otherwise than counting everything; nothing is as it must be.

    Must be the first thing its transaction does.
    """
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    anew, carried = counted_anew(tx), carried_forward(tx)
    found: list[str] = []
    for ministry in sorted({*anew, *carried}):
        found += otherwise(
            ministry, anew.get(ministry, Counter()), carried.get(ministry, Counter())
        )
    return found


def otherwise(whose: str, anew: Counter[str], carried: Counter[str]) -> list[str]:
    """Name where one account differs from what was carried forward."""
    return [
        f"{whose} {what}: {anew[what]:,} counted, {carried[what]:,} carried forward"
        for what in sorted({*anew, *carried})
        if anew[what] != carried[what]
    ]


def close(database: Database) -> int:
    """Close every page that rests; return how many that were.

    A page somebody is writing to is left for the next time, and so are all if somebody who changes
    what rests takes longer than a second. Raises ``Unavailable`` or ``Stop``.
    """
    with database.transaction() as tx:
        tx.count_by_index()
        due = [row["page"] for row in tx.rows(_DUE)]
    closed = 0
    with suppress(RetryLater):
        for some in in_parts(due, AT_ONCE):
            closed += _close(database, some)
    return closed


def _close(database: Database, pages: Sequence[int]) -> int:
    with database.transaction() as tx:
        tx.wait_at_most(PATIENCE)
        tx.rows(_ALONE)
        tx.execute(_CLEAR)
        mine = [row["page"] for row in tx.rows(_TAKE, [as_json(pages)])]
        tx.count_by_index()
        kept = list(_resting(mine, tx.rows(_COUNT_THESE, [as_json(mine)])))
        return tx.execute(_KEEP, [as_json(kept)]) if kept else 0


def _resting(pages: Sequence[int], rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Render what can be closed: no record is on its way, and all that were expected are there."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["page"]].append(row)
    for page in pages:
        accounts = _by_ministry(found[page]).values()
        if not any(moving(counts) or missing(counts) for counts in accounts):
            yield {
                "page": page,
                "records": sum(counts[EXPECTED] for counts in accounts),
                "first": min((row["first"] for row in found[page] if row["first"]), default=None),
                "last": max((row["last"] for row in found[page] if row["last"]), default=None),
                "sums": [(row["ministry"], row["what"], row["number"]) for row in found[page]],
            }


def _by_ministry(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        sums[row["ministry"]][row["what"]] += row["number"]
    return dict(sums)
