"""Run a message of the seventh ministry through the hub of the project copy; print what became
of its records. A script: it must see only the copy, so it runs in a process of its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Kind
from hub.evidence.outcomes import outcomes
from hub.hop import Hop
from hub.settings import Settings
from routing.memory import MemoryBus
from routing.message import Message
from routing.topology import topology


def main(database_url: str) -> None:
    bootstrap.bring_up_to_date(database_url)
    connectors = discover()
    bus = MemoryBus(topology(connectors))
    hub = bootstrap.build(Settings(), database_url=database_url, bus=bus, connectors=connectors)
    sample = Path(connectors["education"].folder) / "samples" / "enrolments.in.csv"
    bus.publisher().publish(
        [Message("intake.education", "live", sample.read_bytes(), "seventh-1", "text/csv")]
    )
    for kind in (Kind.INTAKE, Kind.REGISTRY):
        worker = hub.worker(kind)
        assert isinstance(worker, Hop)
        while worker.step(threading.Event(), 0):
            pass
        worker.close()
    _tell(hub)


def _tell(hub: bootstrap.Hub) -> None:
    database = hub.database("test")
    with database.transaction() as tx:
        log = sorted(outcomes(tx), key=lambda row: row["ordinal"])
        rows = tx.rows(
            "SELECT enrolment, level, start_date, standing FROM registry.study_enrolment"
        )
    for row in log:
        print(row["state"], row["rule"] or "study_enrolment")
    for row in rows:
        print(*row.values())
    print("balanced" if hub.ledger().balanced else "not balanced")
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
