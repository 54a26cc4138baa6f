"""The same stream through the same hub, in one process, with nothing going wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.hop import Hop
from hub.registry.export import export
from hub.settings import Settings
from hub.simulator.account import Account
from hub.simulator.publish import publish
from hub.simulator.sent import Sent
from hub.store.database import Database
from routing.memory import MemoryBus
from routing.topology import topology
from schemas.catalogue import records


def run_undisturbed(stream: Iterable[Sent], database_url: str, folder: Path) -> None:
    """Publish all of ``stream`` and work until nothing is left, on the in-memory bus."""
    bus = MemoryBus(topology(discover()))
    hub = bootstrap.build(Settings(), database_url=database_url, bus=bus)
    with Account(folder) as account:
        publish(stream, bus.publisher(), account, lambda _: None)
    hops = [_hop(hub, Kind.INTAKE), _hop(hub, Kind.REGISTRY)]
    stop = threading.Event()
    while any(hop.step(stop, 0) for hop in hops):
        pass
    for hop in hops:
        hop.close()


def _hop(hub: Hub, kind: Kind) -> Hop:
    worker = hub.worker(kind)
    assert isinstance(worker, Hop)
    return worker


def exported(database_url: str) -> list[str]:
    """Read the canonical export of a database."""
    database = Database(database_url)
    try:
        with database.transaction() as tx:
            return list(export(tx, records()))
    finally:
        database.close()
