"""Rows that a benchmark copies into a registry are those the hub's own writer makes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from benchmarks.populate import TABLES, events, populate, write_events
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.database
PERSONS = 12


def contents(url: str) -> dict[str, Any]:
    """Every row without times and drawn ids, by table."""
    found = {}
    with psycopg.connect(url) as connection:
        for table in TABLES:
            rows = connection.execute(
                "SELECT to_jsonb(t) - ARRAY['record_id', 'standing_record_id', 'recorded_at',"
                " 'received_at', 'changed_at', 'updated_at', 'sources', 'message_id']"
                f" FROM registry.{table} t ORDER BY 1::text"
            ).fetchall()
            found[table] = sorted(map(repr, rows))
    return found


def test_copied_persons_are_as_the_writer_writes_them(
    postgres: PostgresServer, template_database: str, database_url: str
) -> None:
    written = postgres.create(f"{template_database}_written", template_database)
    try:
        populate(database_url, PERSONS)
        indexes = [*range(PERSONS), 7_654_320, 7_654_321]
        write_events(written, [event for index in indexes for event in events(index)])
        assert contents(database_url) == contents(written)
    finally:
        postgres.drop(f"{template_database}_written")
