"""Bring a database to the schema this release needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from schemas.errors import Unavailable

_LOCK = 0x716F7673


def upgrade(url: str, scripts: Path) -> None:
    """Apply every missing migration of a folder, as ``hub.store.migrate`` says."""
    with _connect(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection, scripts), "head")
            connection.commit()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


def _config(connection: Connection, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
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
