"""Pages of two messages: a test needs few to fill some."""

from __future__ import annotations

from hub.store.database import Database


def small_pages(database: Database) -> None:
    """Let a page of the ledger be two messages, those with the numbers 2n and 2n + 1."""
    with database.transaction() as tx:
        tx.execute(
            "CREATE OR REPLACE FUNCTION evidence.page_size() RETURNS bigint"
            " LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 2"
        )
