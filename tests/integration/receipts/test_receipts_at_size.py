"""Looking for receipts that are due reads an index, however large the record log has grown."""

from __future__ import annotations

import pytest

from hub.evidence import receipts as module
from hub.store.database import Database, as_json

pytestmark = pytest.mark.database

_MANY = """
INSERT INTO evidence.record_log (record_id, journal_id, ordinal, ministry, lane, record_type, state,
    received_at, held_since, settled_at, receipted)
SELECT md5(n::text)::uuid, n, 1, 'labour', 'bulk', 'employment_contract', 'written',
    at, at, at, 'written'
FROM generate_series(1, 5000) AS n, (SELECT '2026-01-01T00:00:00Z'::timestamptz) AS t (at)
"""


def test_that_nothing_is_due_is_seen_without_reading_the_record_log(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(_MANY)
        tx.execute("ANALYZE evidence.record_log")
        rows = tx.rows(f"EXPLAIN {module._DUE}", [as_json(["labour", "interior"])])
        assert module.ministries(tx, ["labour", "interior"]) == set()
        tx.execute("UPDATE evidence.record_log SET receipted = NULL WHERE journal_id = 7")
        assert module.ministries(tx, ["labour", "interior"]) == {"labour"}
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "record_log_due" in plan
    assert "Seq Scan on record_log" not in plan
