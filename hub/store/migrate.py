"""Bring a database to the schema this release needs, and say which schema it has."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from schemas.errors import Unavailable

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x716F7673


def upgrade(url: str) -> None:
    """Apply every missing migration; concurrent callers wait for each other.

    Raises ``Unavailable`` if the database does not answer.
    """
    with _connect(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection), "head")
            connection.commit()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


def current(url: str) -> str | None:
    """Name the schema version of the database; None where nothing was ever migrated."""
    with _connect(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        return context.get_current_revision()


def expected() -> str:
    """Name the schema version this release needs."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    return head or ""


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _connect(url: str) -> Connection:
    scheme, separator, rest = url.partition("://")
    dialect = "postgresql+psycopg" if scheme in ("postgres", "postgresql") else scheme
    engine = create_engine(f"{dialect}{separator}{rest}", poolclass=NullPool)
    try:
        return engine.connect()
    except OperationalError as error:
        raise Unavailable(f"database: {type(error.orig).__name__}") from None
