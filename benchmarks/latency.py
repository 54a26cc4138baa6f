"""How long a record takes from its ministry's publish to its commit, at a steady rate.

Taken from the hub's own times: ``published_at`` of the journal (a header the publisher sets) and
``settled_at`` of the record log, which is the hub's clock at the end of the work on the batch, just
before its commit.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import promises, raw
from benchmarks.bulk import ndjson, one
from benchmarks.live import messages
from benchmarks.servers import Servers
from benchmarks.site import Site, site
from hub.store.database import Database
from routing import keys
from tests.support.servers import wait_until

RATES = (50, 200, 1000)
_UNDER_BULK = 50
_SLOWEST = 20
_SETTING_OUT = 180

_PERCENTILES = """
SELECT percentile_cont(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP
    (ORDER BY extract(epoch FROM log.settled_at - j.published_at) * 1000) AS ms, count(*) AS n
FROM evidence.journal j JOIN evidence.record_log log USING (journal_id)
WHERE j.message_id LIKE %s
"""


_OUTLASTED = """
SELECT max(log.settled_at) FILTER (WHERE j.lane = 'bulk')
     > max(j.published_at) FILTER (WHERE j.lane = 'live') AS so
FROM evidence.journal j JOIN evidence.record_log log USING (journal_id)
"""

_BULK = "SELECT EXISTS (SELECT FROM evidence.journal WHERE lane = 'bulk') AS seen"


def latency(servers: Servers, seconds: float) -> dict[str, Any]:
    """Measure at each rate in turn, on one hub that is otherwise idle."""
    found: dict[str, Any] = {}
    sent = 0
    with site(servers) as at:
        at.start("intake")
        _steadily(at, "warm", 50, 2, sent)
        sent += 100
        for rate in RATES:
            count = round(rate * seconds)
            _steadily(at, f"at{rate}", rate, seconds, sent)
            sent += count
            promises.wait_for(at, sent, 0, ("labour",), _SETTING_OUT + sent / _SLOWEST)
            found[f"at_{rate}_per_s"] = _percentiles(at, f"at{rate}")
        promises.account(at, sent)
    return found


def under_bulk(servers: Servers, seconds: float, records: int) -> dict[str, Any]:
    """Measure the live lane at 50 records/s for as long as a document of the bulk lane is read.

    Raises ``AssertionError`` where the document was done before the live records were.
    """
    with tempfile.TemporaryDirectory(prefix="qovsaq-bench-") as folder, site(servers) as at:
        file = ndjson(Path(folder), records)
        at.start("intake")
        loading = at.load(file)
        wait_until(lambda: one(at.database_url, _BULK, "seen"), _SETTING_OUT, "the first chunk")
        _steadily(at, "under", _UNDER_BULK, seconds, records)
        if loading.wait(_SETTING_OUT + records / _SLOWEST):
            raise RuntimeError((at.folder / "commands.log").read_text()[-2000:])
        total = records + round(_UNDER_BULK * seconds)
        promises.wait_for(at, total, 0, ("labour",), _SETTING_OUT + total / _SLOWEST)
        promises.account(at, total)
        if not one(at.database_url, _OUTLASTED, "so"):
            raise AssertionError(f"{records} records were done within {seconds} s: send more")
        return _percentiles(at, "under")


def _steadily(at: Site, prefix: str, rate: int, seconds: float, start: int) -> None:
    def paced() -> Iterator[raw.Outgoing]:
        began = time.monotonic() + 0.2
        told = messages(round(rate * seconds), start=start)
        for number, message in enumerate(told):
            yield replace(message, message_id=f"{prefix}-{number}", due=began + number / rate)

    raw.Publishing(at.broker_url, keys.intake_exchange("labour"), "live", paced()).run()


def _percentiles(at: Site, prefix: str) -> dict[str, float]:
    database = Database(at.database_url, application_name="bench")
    try:
        with database.transaction() as tx:
            (row,) = tx.rows(_PERCENTILES, [f"{prefix}-%"])
    finally:
        database.close()
    p50, p99, most = row["ms"]
    return {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(most, 1), "records": row["n"]}
