"""How fresh each source is: its latest accepted record of each type, kept up in passing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Transaction

# Messages are numbered before they are committed: a few late ones are looked at again.
_OVERLAP = 1000

_REFRESH = """
INSERT INTO evidence.freshness AS known
    (ministry, record_type, occurred_at, received_at, journal_id)
SELECT ministry, record_type, max(occurred_at), max(received_at), max(journal_id)
FROM evidence.record_log
WHERE journal_id > (SELECT coalesce(max(journal_id), 0) - %s FROM evidence.freshness)
  AND version IS NOT NULL
GROUP BY ministry, record_type
ON CONFLICT (ministry, record_type) DO UPDATE
SET occurred_at = greatest(known.occurred_at, excluded.occurred_at),
    received_at = greatest(known.received_at, excluded.received_at),
    journal_id = greatest(known.journal_id, excluded.journal_id)
"""

_READ = """
SELECT ministry, record_type, occurred_at, received_at FROM evidence.freshness
WHERE (%(ministry)s::text IS NULL OR ministry = %(ministry)s) ORDER BY ministry, record_type
"""


@dataclass(frozen=True, slots=True)
class Freshness:
    """One source's latest record of a type: when it took effect there (None where no record said)
    and when it came here (both aware)."""

    ministry: str
    record_type: str
    occurred_at: datetime | None
    received_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        occurred = self.occurred_at.isoformat() if self.occurred_at else None
        return {
            "ministry": self.ministry,
            "record": self.record_type,
            "lastOccurredAt": occurred,
            "lastReceivedAt": self.received_at.isoformat(),
        }


def refresh(tx: Transaction) -> None:
    """Take in what was logged since the last time."""
    tx.execute(_REFRESH, [_OVERLAP])


def read(tx: Transaction, ministry: str | None = None) -> list[Freshness]:
    """List what is known, of one ministry or all, in order."""
    return [Freshness(**row) for row in tx.rows(_READ, {"ministry": ministry})]
