"""The one check that every case ends with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors._kit.discover import discover
from hub.evidence import ledger, pages
from hub.evidence.outcomes import outcomes
from hub.simulator.account import Account
from hub.store.database import Database
from routing import keys
from routing.bus import Bus
from routing.topology import topology
from tests.support.undisturbed import exported


def verdict(
    database_url: str,
    bus: Bus,
    account: Account,
    expected: Sequence[str],
    now: datetime,
    *,
    dead: int = 0,
) -> list[str]:
    """Name whatever is not as it must be; nothing is.

    The records of the ledger are those of the sender's account, each with the outcome it must
    have and none twice; nothing is in flight or unaccounted; ``dead`` letters and no more; and
    the registry, history included, is that of the undisturbed run.
    """
    connectors = discover()
    database = Database(database_url)
    try:
        statement = ledger.draw_up(
            database,
            bus,
            connectors,
            keys.LANES,
            settle=timedelta(seconds=60),
            relay_limit=3,
            now=now,
        )
        with database.transaction() as tx:
            found = account.compare(outcomes(tx))
        found += _of_pages(database)
    finally:
        database.close()
    if statement.unaccounted or statement.in_flight:
        found.append(f"{statement.unaccounted} unaccounted, {statement.in_flight} in flight")
    letters = sum(bus.depths(dead_queues(connectors)).values())
    if letters != dead:
        found.append(f"{letters} dead letters, not {dead}")
    if exported(database_url) != list(expected):
        found.append("the registry differs from the undisturbed run")
    return found


def _of_pages(database: Database) -> list[str]:
    """Name what pages say otherwise than a count, as the case left them and once all are closed."""
    with database.transaction() as tx:
        found = pages.differences(tx)
    pages.close(database)
    with database.transaction() as tx:
        found += pages.differences(tx)
        (row,) = tx.rows("SELECT count(*) AS open FROM evidence.page_opened")
    return found + [f"{row['open']} pages are open again"] * bool(row["open"])


def dead_queues(ministries: Iterable[str]) -> list[str]:
    """Name every dead queue."""
    queues = topology(ministries).queues
    return [queue.name for queue in queues if queue.name.startswith("dead.")]
