"""What every run of the hub ends with: is all of it there, and can the ledger prove it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks import queues
from benchmarks.site import Site
from hub import outbound
from hub.store.database import Database
from routing import keys
from tests.support.servers import wait_until

_OPEN = "SELECT FROM evidence.record_log WHERE state IN ('received', 'retrying') LIMIT 1"
_RECEIVED = "SELECT coalesce(sum(records), 0)::bigint AS records FROM evidence.journal"
_SETTLED = "SELECT max(settled_at) AS at FROM evidence.record_log"
_DELIVERED = """
SELECT coalesce(sum(records), 0)::bigint AS records, max(delivered_at) AS at
FROM outbound.parcel WHERE delivered_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Ends:
    """When (aware) the last record was decided, and when the last was in a body's queue."""

    settled: datetime
    delivered: datetime | None

    @property
    def last(self) -> datetime:
        """When everything was done."""
        return max(self.settled, self.delivered or self.settled)


@dataclass(frozen=True, slots=True)
class Account:
    """What the ledger says in the end."""

    received: int
    accepted: int
    unaccounted: int
    delivered: int


def wait_for(site: Site, records: int, due: int, ministries: Sequence[str], within: float) -> Ends:
    """Wait until so many records are settled and so many deliveries confirmed; tell when."""
    watched = [keys.intake_queue(name, lane) for name in ministries for lane in keys.LANES]
    if due:
        watched += [keys.outbound_queue(each, lane) for each in site.names for lane in keys.LANES]
    database = Database(site.database_url, application_name="bench")

    def done(waiting: Callable[[], int]) -> bool:
        if waiting():  # what is cheap is asked first: sums grow with what was loaded before
            return False
        with database.transaction() as tx:
            if tx.rows(_OPEN) or tx.rows(_RECEIVED)[0]["records"] < records:
                return False
            return int(tx.rows(_DELIVERED)[0]["records"]) >= due

    try:
        with queues.watching(site.broker_url, watched) as waiting:
            wait_until(lambda: done(waiting), within, "the last record")
        with database.transaction() as tx:
            delivered = tx.rows(_DELIVERED)[0]["at"] if due else None
            return Ends(tx.rows(_SETTLED)[0]["at"], delivered)
    finally:
        database.close()


def account(site: Site, records: int) -> Account:
    """Draw up the ledger; raise ``AssertionError`` where a promise was not kept."""
    hub = site.hub()
    try:
        statement, bodies = hub.ledger(), outbound.custody(hub)
    finally:
        hub.bus.close()
    received = sum(line.received for line in statement.lines)
    states = [count for line in statement.lines for count in line.settled.items()]
    accepted = sum(n for state, n in states if state in ("written", "unchanged", "superseded"))
    unaccounted = statement.unaccounted + sum(line.unaccounted for line in bodies)
    found = Account(received, accepted, unaccounted, sum(line.delivered for line in bodies))
    if unaccounted or received != records or accepted != records:
        raise AssertionError(f"a promise was not kept: {found}, sent {records}")
    return found
