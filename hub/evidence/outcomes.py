"""What became of every record, one by one, for comparison with a sender's own account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.store.database import Row, Transaction

_PAGE = 10_000

_OUTCOMES = """
SELECT log.record_id, log.ministry, j.message_key AS message_id, log.ordinal, log.state,
    log.cause AS rule
FROM evidence.record_log log JOIN evidence.journal j USING (journal_id)
WHERE log.record_id > %s ORDER BY log.record_id LIMIT %s
"""

_DELAYS = """
SELECT count(*) AS records,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY log.settled_at - j.published_at) AS p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY log.settled_at - j.published_at) AS p99
FROM evidence.record_log log JOIN evidence.journal j USING (journal_id)
WHERE log.settled_at IS NOT NULL AND j.published_at IS NOT NULL
"""

_FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Delays:
    """How many records have an outcome, and percentiles of their way to it, in seconds.

    From the sender's publish to the moment the batch with the outcome was begun: what the batch
    itself took is not in it. All 0 where nothing was settled.
    """

    records: int
    p50: float
    p99: float


def outcomes(tx: Transaction) -> Iterator[Row]:
    """Yield record_id (hex), ministry, message_id, ordinal, state and rule of every record."""
    after = _FIRST
    while page := tx.rows(_OUTCOMES, [after, _PAGE]):
        yield from (row | {"record_id": row["record_id"].hex} for row in page)
        after = str(page[-1]["record_id"])


def settled(tx: Transaction) -> int:
    """Count records that have an outcome."""
    (row,) = tx.rows("SELECT count(*) AS n FROM evidence.record_log WHERE settled_at IS NOT NULL")
    return int(row["n"])


def delays(tx: Transaction) -> Delays:
    """Measure how long records took from their sender's publish to their outcome."""
    (row,) = tx.rows(_DELAYS)
    if not row["records"]:
        return Delays(0, 0.0, 0.0)
    return Delays(
        records=row["records"],
        p50=row["p50"].total_seconds(),
        p99=row["p99"].total_seconds(),
    )
