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
SELECT count(*) AS records, min(j.published_at) AS first, max(log.settled_at) AS last,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY log.settled_at - j.published_at) AS p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY log.settled_at - j.published_at) AS p99
FROM evidence.record_log log JOIN evidence.journal j USING (journal_id)
WHERE log.settled_at IS NOT NULL AND j.published_at IS NOT NULL
"""

_FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Delays:
    """End to end, publish to outcome: settled records, the span they took, and percentiles.

    Times in seconds; all 0 where nothing was settled.
    """

    records: int
    span: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Settled records per second over the whole span."""
        return self.records / self.span if self.span else 0.0


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
        return Delays(0, 0.0, 0.0, 0.0)
    return Delays(
        records=row["records"],
        span=(row["last"] - row["first"]).total_seconds(),
        p50=row["p50"].total_seconds(),
        p99=row["p99"].total_seconds(),
    )
