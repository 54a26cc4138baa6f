"""Who waits for whom in a test's own database."""

from __future__ import annotations

from hub.store.database import Database

WAITING = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Sessions that wait for an advisory lock."""


def somebody_waits(database: Database) -> bool:
    """Whether any does."""
    with database.transaction() as tx:
        return bool(tx.rows(WAITING))
