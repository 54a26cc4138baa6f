"""What keeps the hub's account straight: repairs, receipts, custody, the watch and the auditors."""

from __future__ import annotations

from hub.assembly import Hub, Kind
from hub.auditors import auditors
from hub.crew import Crew, Worker
from hub.evidence.custody import Custodian
from hub.evidence.retention import Retention
from hub.intake.relay import Relay
from hub.receipts import ReceiptRelay
from hub.rounds import Rounds
from hub.watch.leader import Leadership
from hub.watch.watch import Watch
from routing import keys


def upkeep(hub: Hub) -> Worker:
    """What repairs, what tells and what states, in one process: none of it is in a hurry."""
    return Crew(
        {
            "relay": _repairs(hub),
            "receipts": _receipts(hub),
            "custody": _custody(hub),
            "retention": _retention(hub),
        }
    )


def _retention(hub: Hub) -> Worker:
    database, interval = hub.database("retention"), hub.settings.custody_interval_seconds
    step = Retention(database, hub.settings.retention.periods(), hub.metrics).step
    breaker = hub.breaker("retention", hub.worker_id(Kind.RELAY), database)
    return Rounds("retention", lambda: step(hub.clock()), interval, database.close, breaker)


def _custody(hub: Hub) -> Worker:
    database = hub.database("custody")
    custodian = Custodian(
        database=database,
        ministries=tuple(hub.connectors),
        observer=hub.metrics,
        relay_limit=hub.settings.relay_limit,
    )
    interval = hub.settings.custody_interval_seconds
    breaker = hub.breaker("custody", hub.worker_id(Kind.RELAY), database)
    return Rounds("custody", lambda: custodian.step(hub.clock()), interval, database.close, breaker)


def _receipts(hub: Hub) -> Worker:
    database = hub.database("receipts")
    relay = ReceiptRelay(
        database=database,
        bus=hub.bus,
        publisher=hub.bus.publisher(),
        ministries=tuple(hub.connectors),
        observer=hub.metrics,
        backlog=hub.settings.receipt_backlog,
    )
    interval = hub.settings.receipt_interval_seconds
    breaker = hub.breaker("receipts", hub.worker_id(Kind.RELAY), database)
    return Rounds("receipts", lambda: relay.step(hub.clock()), interval, relay.close, breaker)


def _repairs(hub: Hub) -> Worker:
    database, publisher = hub.database("relay"), hub.bus.publisher()
    worker_id = hub.worker_id(Kind.RELAY)
    relay = Relay(
        worker_id=worker_id,
        database=database,
        bus=hub.bus,
        publisher=publisher,
        connectors=hub.connectors,
        observer=hub.metrics,
        lanes=keys.LANES,
        rules=hub.settings.rules(),
        settle=hub.settle,
        limit=hub.settings.relay_limit,
        most_events=hub.settings.batch_records,
        keyring=hub.keyring,
    )

    def close() -> None:
        publisher.close()
        database.close()

    interval = hub.settings.relay_interval_seconds
    breaker = hub.breaker("relay", worker_id, database)
    rounds = Rounds("relay", lambda: relay.step(hub.clock()), interval, close, breaker)
    return Crew({"relay": rounds, "watch": _watch(hub, worker_id), **auditors(hub)})


def _watch(hub: Hub, worker_id: str) -> Worker:
    database, settings = hub.database("watch"), hub.settings
    watch = Watch(
        database=database,
        bus=hub.bus,
        observer=hub.metrics,
        ministries=tuple(hub.connectors),
        lanes=keys.LANES,
        watched=[queue.name for queue in hub.topology.queues],
        settle=hub.settle,
        relay_limit=settings.relay_limit,
        calendars=hub.calendars(),
        certificates=settings.certificates(),
        leadership=Leadership(database),
    )
    interval, breaker = settings.relay_interval_seconds, hub.breaker("watch", worker_id, database)
    return Rounds("watch", lambda: watch.step(hub.clock()), interval, database.close, breaker)
