"""An audit with a chain over it, and somebody with every right to the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.evidence.chain.sealer import Sealer
from hub.evidence.chain.verifying import Fault, Report, Wrong, verify
from hub.store.database import Database
from routing.observer import Unobserved

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def act(database: Database, *names: str) -> None:
    """Write one act per name, in one transaction."""
    with database.transaction() as tx:
        for name in names:
            audit.record(tx, Act(name, "viewed", "letter:1", "why", {"n": name}, "clause 1"), NOW)


def seal(database: Database, most_rows: int = 10_000) -> int:
    return Sealer(database, Unobserved(), most_rows).step(NOW + timedelta(seconds=5))


def tamper(database: Database, *statements: LiteralString) -> None:
    """Write past the triggers, as the owner of the database can."""
    with database.transaction() as tx:
        tx.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            tx.execute(statement)


def verified(database: Database) -> Report:
    with database.transaction() as tx:
        return verify(tx)


def faults(database: Database) -> list[tuple[Wrong, str]]:
    return [named(fault) for fault in verified(database).faults]


def named(fault: Fault) -> tuple[Wrong, str]:
    return fault.wrong, fault.place


def rows(database: Database, statement: Any) -> list[dict[str, Any]]:
    with database.transaction() as tx:
        return tx.rows(statement)
