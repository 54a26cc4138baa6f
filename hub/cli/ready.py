"""What commands begin with: the settings, the log, and for many of them one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub import logs
from hub.bootstrap import required
from hub.settings import Settings, load
from hub.store.database import Database, Transaction


def command_settings() -> Settings:
    """Read the settings for a command that answers and ends: only warnings are logged."""
    settings = load()
    logs.configure("warning", "console")
    return settings


def process_settings() -> Settings:
    """Read the settings for a process that runs for long: logged as the settings say."""
    settings = load()
    logs.configure(settings.log_level, settings.log_format)
    return settings


@contextmanager
def transaction(settings: Settings, purpose: str) -> Iterator[Transaction]:
    """Open the one transaction of a command; ``purpose`` shows in PostgreSQL's activity."""
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name=f"qovsaq {purpose}")
    try:
        with database.transaction() as tx:
            yield tx
    finally:
        database.close()
