"""How far each polled service has been read, kept in the database."""

from __future__ import annotations

from datetime import datetime

from hub.store.database import Transaction

_READ = "SELECT sequence FROM evidence.poll_cursor WHERE ministry = %s AND poll = %s"

# Two pollers of one service may overtake each other; the cursor never goes back.
_SAVE = """
INSERT INTO evidence.poll_cursor AS cursor (ministry, poll, sequence, updated_at)
VALUES (%s, %s, %s, %s)
ON CONFLICT (ministry, poll) DO UPDATE SET updated_at = excluded.updated_at,
    sequence = greatest(cursor.sequence, excluded.sequence)
"""


def read(tx: Transaction, ministry: str, poll: str) -> int:
    """Tell the last sequence number that is safely on the bus; 0 before the first."""
    rows = tx.rows(_READ, [ministry, poll])
    return int(rows[0]["sequence"]) if rows else 0


def save(tx: Transaction, ministry: str, poll: str, sequence: int, now: datetime) -> None:
    """Remember that everything up to ``sequence`` is safely on the bus."""
    tx.execute(_SAVE, [ministry, poll, sequence, now])
