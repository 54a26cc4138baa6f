"""Facts as they stand now, page by page, in the envelope of the operation that made them so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import LiteralString

from hub.registry.feed import events
from hub.registry.tables import facts_table
from hub.store.database import Statement, Transaction
from hub.store.statements import compose
from schemas.envelope import Event

# Of an annulled fact the annulment, else what won the content; none where only a check is known.
_PAGE: LiteralString = """
SELECT subject, ministry, fact_key, CASE
    WHEN standing = 'annulled' THEN standing_record_id WHEN standing = 'active' THEN record_id
    END AS record_id
FROM {facts}
WHERE (subject, ministry, fact_key) > (%s, %s, %s)
  AND (%s::timestamptz IS NULL OR changed_at >= %s)
ORDER BY subject, ministry, fact_key LIMIT %s
"""

Key = tuple[str, str, str]
"""Subject, ministry and fact key, which is also the order of pages."""


def page(
    tx: Transaction,
    record_type: str,
    after: Sequence[str],
    limit: int,
    since: datetime | None = None,
) -> list[tuple[Key, Event | None]]:
    """Read at most ``limit`` facts of a type behind a key, each with its key, in order.

    An empty key comes before all; ``since`` (aware) leaves out what has not changed from then
    on. The event is None where nothing but a check is known of the fact.
    """
    start = list(after) or ["", "", ""]
    rows = tx.rows(_statement(record_type), [*start, since, since, limit])
    known = [row | {"record_type": record_type} for row in rows if row["record_id"] is not None]
    found = events(tx, known)
    return [
        (
            (row["subject"], row["ministry"], row["fact_key"]),
            found[row["record_id"].hex] if row["record_id"] is not None else None,
        )
        for row in rows
    ]


@cache
def _statement(record_type: str) -> Statement:
    return compose(_PAGE, facts=facts_table(record_type))
