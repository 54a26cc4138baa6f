"""Rates stand in the database as in the release, whatever stood there before."""

from __future__ import annotations

import pytest

from hub.registry import rates
from hub.store.database import Database

pytestmark = pytest.mark.database

_HOLDING = """
SELECT up_to, value FROM registry.rate
WHERE name = 'premium.employee-and-employer-each.others'
  AND DATE '2025-06-30' BETWEEN valid_from AND coalesce(valid_until, 'infinity')
ORDER BY above
"""


def test_a_migrated_database_holds_the_table_of_the_release(database: Database) -> None:
    with database.transaction() as tx:
        found = [(int(row["up_to"] or 0), str(row["value"])) for row in tx.rows(_HOLDING)]
        (count,) = tx.rows("SELECT count(*) AS n, min(version) AS version FROM registry.rate")
    assert found == [(8000, "0.02"), (0, "0.005")]
    assert (count["n"], count["version"]) == (len(rates.assumed().rates), rates.assumed().version)


def test_another_version_replaces_the_whole_table(database: Database) -> None:
    one = rates.Rates("2027.1", rates.assumed().rates[:1])
    with database.transaction() as tx:
        rates.put(tx, one)
        rates.put(tx, one)
        found = tx.rows("SELECT version FROM registry.rate")
    assert [row["version"] for row in found] == ["2027.1"]
