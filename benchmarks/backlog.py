"""Millions of messages that wait: what they cost the broker, and whether the hub minds."""

from __future__ import annotations

import shutil
import tempfile
import time
from typing import Any

from benchmarks import raw
from benchmarks.bulk import one
from benchmarks.live import messages
from benchmarks.servers import Servers
from benchmarks.site import site
from routing import keys
from tests.support.servers import wait_until

_BEGUN = 5_000
_WITHIN = 300
_SETTLED = "SELECT count(*) AS records FROM evidence.record_log WHERE settled_at IS NOT NULL"
"""Asked of the database: the broker's own count of a queue lags behind by minutes of work."""


def backlog(servers: Servers, waiting: int, seconds: float) -> dict[str, Any]:
    """Publish messages nobody takes, then let the hub work on them for so long.

    The rest is thrown away with the queue. Raises ``AssertionError`` where the ledger does not
    account for all that was taken.
    """
    with site(servers) as made:
        used = shutil.disk_usage(tempfile.gettempdir()).used
        began = time.monotonic()
        exchange = keys.intake_exchange("labour")
        raw.Publishing(made.broker_url, exchange, "live", messages(waiting)).run()
        published = time.monotonic() - began
        disk = shutil.disk_usage(tempfile.gettempdir()).used - used
        broker = made.memory()["rabbitmq"]
        made.start("intake")

        def settled() -> int:
            return int(one(made.database_url, _SETTLED, "records"))

        wait_until(lambda: settled() > _BEGUN, _WITHIN, "the first batches")
        meter, before = made.meter(), settled()
        time.sleep(seconds)
        taken, usage = settled() - before, meter.stop()
        hub = made.hub()
        try:
            statement = hub.ledger()
        finally:
            hub.bus.close()
        if statement.unaccounted:
            raise AssertionError(f"unaccounted for: {statement.unaccounted}")
        return {
            "messages": waiting,
            "published_per_s": round(waiting / published),
            "disk_bytes_per_message": round(disk / waiting),
            "rabbitmq_rss_mb": broker,
            "records_per_s": round(taken / usage.seconds, 1),
            "cpu_us_per_record": usage.per_record(taken),
            "cores_used_by_others": usage.other,
            "rss_mb": made.memory(),
            "unaccounted": statement.unaccounted,
        }
