"""Bring a database to the schema this release needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from schemas.errors import RetryLater, Unavailable

_LOCK = 0x716F7673
_ATTEMPTS = 30


def upgrade(url: str, scripts: Path) -> None:
    """Apply every missing migration of a folder, as ``hub.store.migrate`` says."""
    with _connect(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            _climb(connection, scripts)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


def _climb(connection: Connection, scripts: Path) -> None:
    """Apply one migration after the other, each its own transaction, and none that waits for long.

    Whoever waits for a lock on a table keeps everybody behind it waiting: so a migration gives up
    after seconds, and is tried again.
    """
    patience = Retrying(
        retry=retry_if_exception(_locked_out),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_fixed(1),
        before_sleep=lambda _: connection.rollback(),
        reraise=True,
    )
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    try:
        for attempt in patience:
            with attempt:
                command.upgrade(_config(connection, scripts), "head")
                connection.commit()
    except OperationalError as error:
        connection.rollback()
        if not _locked_out(error):
            raise
        raise RetryLater(
            "database: a table was in use all the time; end long transactions, then again"
        ) from None


def _locked_out(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and isinstance(error.orig, LockNotAvailable)


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
