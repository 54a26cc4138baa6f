"""The composition root: from settings to a working hub, every part replaceable by an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from hub.agency import views
from hub.assembly import Hub, Kind, required, utc_now
from hub.metrics import Metrics
from hub.registry import rates, tables
from hub.settings import Settings
from hub.store import migrate, rights
from hub.store.database import Database
from hub.workers import BUILDERS
from routing.bus import Bus
from routing.observer import Observer, Unobserved
from routing.rabbit import RabbitBus
from schemas.catalogue import records
from schemas.errors import RetryLater

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing

__all__ = ["Hub", "Kind", "bring_up_to_date", "build", "rabbit", "required", "utc_now"]


def build(
    settings: Settings,
    *,
    database_url: str | None = None,
    bus: Bus | None = None,
    connectors: Mapping[str, Connector] | None = None,
    metrics: Metrics | None = None,
    clock: Callable[[], datetime] = utc_now,
    tracing: Tracing | None = None,
) -> Hub:
    """Put a hub together; what is not given comes from the settings.

    Raises ``Stop`` where a URL is missing or a connector is half-written.
    """
    metrics = observer = metrics or Metrics()
    observer.gauge("build_info", 1, version=version("qovsaq"), schema=migrate.expected())
    return Hub(
        settings=settings,
        database_url=database_url or required(settings.database_url, "QOVSAQ_DATABASE_URL"),
        bus=bus or rabbit(settings, metrics),
        connectors=discover() if connectors is None else connectors,
        metrics=metrics,
        builders=BUILDERS,
        clock=clock,
        tracing=tracing,
    )


def rabbit(settings: Settings, observer: Observer | None = None) -> RabbitBus:
    """Open the broker that the settings name; raise ``Stop`` if they name none."""
    url = required(settings.broker_url, "QOVSAQ_BROKER_URL")
    return RabbitBus(
        url,
        linger=settings.batch_linger_ms / 1000,
        deaf_after=settings.deaf_seconds,
        observer=observer or Unobserved(),
        compress=settings.canonical_compressed,
    )


def bring_up_to_date(database_url: str, grant_to: str | None = None) -> str:
    """Migrate a database, with the tables of new record types and the views; name its schema.

    ``grant_to`` is the role the hub runs as: it gets the rights the hub needs, and no others.
    A hub may be at work meanwhile. Raises ``RetryLater`` where it, or somebody else, holds a lock
    all the time, ``Unavailable`` where the database does not answer.
    """
    migrate.upgrade(database_url)
    database = Database(database_url, application_name="qovsaq migrate")
    patience = Retrying(
        retry=retry_if_exception_type(RetryLater),
        stop=stop_after_attempt(10),
        wait=wait_fixed(1),
        reraise=True,
    )
    try:
        for attempt in patience:
            with attempt:
                _derive(database, grant_to)
    finally:
        database.close()
    return migrate.expected()


def _derive(database: Database, grant_to: str | None) -> None:
    """Make what is derived from records and dictionary; in one transaction, and patient."""
    with database.transaction() as tx:
        migrate.be_brief(tx)
        tables.sync(tx, records())
        views.sync(tx)
        rates.put(tx, rates.assumed())
        if grant_to:
            rights.grant(tx, grant_to)
