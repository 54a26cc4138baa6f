"""Which schema a database has, which this release needs, and how it gets there."""

from __future__ import annotations

from pathlib import Path

from hub.store.database import Database, Transaction

SCRIPTS = Path(__file__).parent / "migrations"

_PRESENT = "SELECT to_regclass('schema_version') IS NOT NULL AS present"
_CURRENT = "SELECT version_num FROM schema_version"


def upgrade(url: str) -> None:
    """Apply every missing migration; concurrent callers wait for each other.

    Raises ``Unavailable`` if the database does not answer.
    """
    from hub.store.upgrade import upgrade  # no worker carries the tools of migrations

    upgrade(url, SCRIPTS)


def be_brief(tx: Transaction) -> None:
    """Have a transaction give up a lock it cannot get within seconds: others wait behind it."""
    tx.wait_at_most("5s")


def current(url: str) -> str | None:
    """Name the schema version of the database; None where nothing was ever migrated.

    Raises ``Unavailable`` if the database does not answer.
    """
    database = Database(url, application_name="qovsaq schema")
    try:
        with database.transaction() as tx:
            (found,) = tx.rows(_PRESENT)
            rows = tx.rows(_CURRENT) if found["present"] else []
    finally:
        database.close()
    return rows[0]["version_num"] if rows else None


def expected() -> str:
    """Name the schema version this release needs: that of its last migration."""
    return max(path.name[:4] for path in (SCRIPTS / "versions").glob("[0-9]*.py"))
