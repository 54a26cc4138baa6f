"""Pages of a body's account: what it was told of long ago is counted once (``hub.evidence.pages``).

A page is closed for a body once it is closed in the ledger and all that the body is to get of it
has been handed over, kept back or parked. The database opens it again where custody, the page or
the body's own document changes (migration 0032).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hub.delivery.subscriber import Subscriber
from hub.evidence.pages import PATIENCE
from hub.store.database import Database, Row, Transaction, as_json
from hub.store.statements import compose, prepared
from schemas.errors import RetryLater

UNSEEN, OVERDUE = "unseen", "overdue"
"""Due, and not in custody; for longer than it may take."""

_OUTSIDE = "outside"
"""Not due, but a backfill may still bring it."""

MOVING = ("retrying", "unconfirmed", UNSEEN, OVERDUE)
"""Places from which a record moves on by itself."""

_AT_ONCE = 100_000
"""Records that are counted together: whoever writes custody meanwhile waits so long."""

_LAG = timedelta(seconds=10)
"""By how much a body is usually told of a record after it was settled, at least."""


# Of some pages: page, place and how many records are there. Custody does not say which page its
# records are of: what was decided about when they were settled is read in one go, the rest of
# them looked up one by one.
_COUNT = compose("""
, logged AS MATERIALIZED (
    SELECT asked.page, log.record_id, log.received_at, log.settled_at,
        log.state IN ('written', 'unchanged', 'superseded') AND log.record_type IN
            (SELECT jsonb_array_elements_text(%(records)s::jsonb)) AS told
    FROM asked CROSS JOIN LATERAL (SELECT * FROM evidence.record_log
        WHERE journal_id >= asked.page * evidence.page_size()
          AND journal_id < (asked.page + 1) * evidence.page_size()) AS log
), near AS (
    SELECT record_id, state, delivery_id FROM outbound.custody
    WHERE subscriber = %(subscriber)s AND decided_at >= %(first)s::timestamptz
      AND decided_at < coalesce(%(last)s::timestamptz, 'infinity')
), placed AS (
    SELECT logged.page, count(*) AS number,
        coalesce(near.state, far.state, CASE WHEN NOT logged.told THEN NULL
            WHEN %(since)s::timestamptz IS NULL OR logged.received_at < %(since)s THEN 'outside'
            WHEN logged.settled_at < %(before)s THEN 'overdue' ELSE 'unseen' END) AS place,
        coalesce(near.delivery_id, far.delivery_id) AS delivery_id
    FROM logged
    LEFT JOIN near USING (record_id)
    LEFT JOIN LATERAL (SELECT state, delivery_id FROM outbound.custody c
        WHERE near.record_id IS NULL
          AND (c.subscriber, c.record_id) = (%(subscriber)s, logged.record_id)
        LIMIT 1) AS far ON true
    GROUP BY 1, 3, 4
)
SELECT page, CASE WHEN place <> 'sent' THEN place
        WHEN (SELECT delivered_at FROM outbound.parcel p
              WHERE p.delivery_id = placed.delivery_id) IS NULL THEN 'unconfirmed'
        ELSE 'delivered' END AS place,
    sum(number)::bigint AS number
FROM placed WHERE place IS NOT NULL GROUP BY 1, 2
""")

_OPEN = compose("""
SELECT page FROM generate_series(0, evidence.last_page()) AS page
WHERE NOT EXISTS (SELECT FROM outbound.closed_page closed
    WHERE (closed.subscriber, closed.page) = (%(subscriber)s, page.page))
""")

_SUMS = prepared("""
WITH counted AS (WITH asked AS MATERIALIZED ({open}) {count})
SELECT place, sum(number)::bigint AS number FROM (
    SELECT place, number FROM counted
    UNION ALL
    SELECT key, value::bigint
    FROM outbound.closed_page CROSS JOIN LATERAL jsonb_each_text(places)
    WHERE subscriber = %(subscriber)s
) AS parts GROUP BY place
""", open=_OPEN, count=_COUNT)  # fmt: skip

_DUE = prepared("""
SELECT page, closing, records, first, last
FROM ({open}) AS open JOIN evidence.closed_page USING (page)
ORDER BY page
""", open=_OPEN)  # fmt: skip

# What is open is mostly what came last.
_RECENT = "SELECT first FROM evidence.page ORDER BY page DESC LIMIT 1"

_ALONE = "SELECT pg_advisory_xact_lock(hashtext('outbound.page'), hashtext(%s))"

_COUNT_THESE = prepared("""
WITH asked AS MATERIALIZED (
    SELECT value::bigint AS page FROM jsonb_array_elements(%(pages)s::jsonb))
{count}
""", count=_COUNT)  # fmt: skip

_KEEP = """
INSERT INTO outbound.page (subscriber, page, closing, complete, places)
SELECT %(subscriber)s, page, closing, complete, places
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (page bigint, closing bigint, complete boolean, places jsonb)
ON CONFLICT (subscriber, page) DO UPDATE SET closing = excluded.closing,
    complete = excluded.complete, places = excluded.places
"""


def carried_forward(tx: Transaction, subscriber: Subscriber, before: datetime) -> Counter[str]:
    """Count a body's records by place; those due and settled ``before`` (aware) are overdue."""
    tx.count_by_index()
    recent = next(iter(tx.rows(_RECENT)), {})
    rows = tx.rows(_SUMS, _given(subscriber, before) | recent)
    counts = Counter({row["place"]: row["number"] for row in rows})
    del counts[_OUTSIDE]
    return counts


def close(database: Database, subscriber: Subscriber, before: datetime) -> int:
    """Close every page of a body that rests; return how many that were.

    Gives up for now where somebody holds its custody for longer than a second. Raises
    ``Unavailable`` or ``Stop``.
    """
    with database.transaction() as tx:
        tx.count_by_index()
        due = tx.rows(_DUE, _given(subscriber, before))
    closed = 0
    with suppress(RetryLater):
        for some in _alike(due):
            closed += _close(database, subscriber, before, some)
    return closed


def _alike(due: Sequence[Row]) -> Iterator[list[Row]]:
    """Put pages together, in order, until they hold as many records as are counted at once."""
    some: list[Row] = []
    for row in due:
        some.append(row)
        if sum(each["records"] for each in some) >= _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _close(database: Database, subscriber: Subscriber, before: datetime, due: Sequence[Row]) -> int:
    # As they were closed when they were listed: one that was opened since is no basis any more.
    closings = {row["page"]: row["closing"] for row in due}
    given = _given(subscriber, before) | _about(due) | {"pages": as_json(list(closings))}
    with database.transaction() as tx:
        tx.wait_at_most(PATIENCE)
        tx.rows(_ALONE, [subscriber.name])
        tx.count_by_index()
        kept = list(_resting(closings, tx.rows(_COUNT_THESE, given)))
        rows = {"subscriber": subscriber.name, "rows": as_json(kept)}
        return tx.execute(_KEEP, rows) if kept else 0


def _about(due: Sequence[Row]) -> dict[str, datetime | None]:
    """Tell from when until when most of what became of these records was decided (aware)."""
    first = min((row["first"] for row in due if row["first"]), default=None)
    last = max((row["last"] for row in due if row["last"]), default=None)
    if first is None or last is None:
        return {"first": None, "last": None}
    return {"first": first, "last": last + max(last - first, _LAG)}


def _resting(closings: Mapping[int, int], rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Render what can be closed: nothing of it is on its way to the body, or still to come."""
    places: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        places[row["page"]][row["place"]] = row["number"]
    for page, closing in closings.items():
        counts = places[page]
        outside = counts.pop(_OUTSIDE, 0)
        if not any(counts.get(place) for place in MOVING):
            yield {"page": page, "closing": closing, "complete": not outside, "places": counts}


def _given(subscriber: Subscriber, before: datetime) -> dict[str, Any]:
    return {
        "subscriber": subscriber.name,
        "records": as_json(list(subscriber.records)),
        "since": subscriber.since,
        "before": before,
        "first": None,
        "last": None,
    }
