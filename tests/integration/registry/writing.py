"""Writing to a test's registry, reading it as text, and emptying it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.registry.export import export
from hub.registry.fold import Outcome
from hub.registry.tables import facts_table, history_table
from hub.registry.writer import write
from hub.store.database import Database
from hub.store.statements import compose, listed
from schemas.catalogue import records
from schemas.envelope import Event
from tests.integration.registry.events import EPOCH

NOW = EPOCH + timedelta(days=2)


def put(database: Database, *events: Event) -> list[Outcome]:
    """Write events as one batch; the outcome of each, in order."""
    with database.transaction() as tx:
        outcomes = write(tx, events, NOW)
    return [outcomes[each.id] for each in events]


def exported(database: Database) -> list[str]:
    with database.transaction() as tx:
        return list(export(tx, records()))


def golden(database: Database, subject: str) -> dict[str, Any] | None:
    with database.transaction() as tx:
        found = tx.rows("SELECT * FROM registry.golden WHERE subject = %s", [subject])
    return found[0] if found else None


def empty(database: Database, also: Sequence[tuple[str, str]] = ()) -> None:
    derived = ("claim", "link", "golden", "kin", "renaming", "expectation")
    tables = [("registry", name) for name in derived]
    tables += [table(name) for name in records() for table in (facts_table, history_table)]
    with database.transaction() as tx:
        tx.execute(compose("TRUNCATE {tables}", tables=listed([*tables, *also])))
