"""The long-running workers, each built from a hub that is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors._kit.contract import Connector
from hub.agency.relay import AgencyRelay
from hub.assembly import Hub, Kind
from hub.crew import Crew, Worker
from hub.deadletters.handler import DeskHandler
from hub.deadletters.letter import DEAD
from hub.evidence.downtime.pauses import Pauses
from hub.evidence.outages import OutageLog
from hub.hop import Handler, Hop, Pace
from hub.intake.handler import IntakeHandler
from hub.intake.holding import HoldingSubscription
from hub.outbound import delivery
from hub.poll.poller import Poller
from hub.poll.worker import PollWorker
from hub.quality.opening import quality_round
from hub.registry.handler import RegistryHandler
from hub.rounds import Rounds
from hub.upkeep import upkeep
from routing import keys
from routing.bus import Subscription
from schemas.errors import Stop

_AGENCY_SECONDS = 0.5
"""Pause between two looks at the change feed; what the Agency's systems see is that old."""

_MOST_AT_ONCE = 500
"""Records in a transaction of the registry: three locks each, of 6,400 that PostgreSQL has."""

_FACTS_SECONDS = 5.0
"""Pause between two looks for facts of staff whose time is over."""


def _intake(hub: Hub) -> Worker:
    settings = hub.settings
    queues = [keys.intake_queue(name, lane) for name in hub.connectors for lane in settings.lanes]
    worker_id, database = hub.worker_id(Kind.INTAKE), hub.database("intake")
    pauses = Pauses(database, hub.clock)

    def held() -> frozenset[str]:
        paused = pauses.now().ministries
        return frozenset(keys.intake_queue(name, lane) for name in paused for lane in keys.LANES)

    subscription = HoldingSubscription(
        [*queues, keys.INTAKE_UNROUTED],
        held,
        lambda wanted: hub.bus.subscribe(
            wanted, prefetch=settings.prefetch, yielding=settings.prefetch // 2 or 1
        ),
    )
    handler = IntakeHandler(
        worker_id=worker_id,
        database=database,
        publisher=subscription,
        connectors=hub.connectors,
        observer=hub.metrics,
        rules=settings.rules(),
        policy=hub.policy,
        most_events=settings.batch_records,
        ehis_only=hub.ehis_only,
        keyring=hub.keyring,
        tracing=hub.tracing,
    )
    pace = Pace(batch=settings.batch_records)
    return _hop(hub, "intake", subscription, handler, pace, OutageLog(database, worker_id))


def _registry(hub: Hub) -> Worker:
    settings = hub.settings
    queues = [keys.writer_queue(lane) for lane in settings.lanes]
    subscription = hub.bus.subscribe(queues, prefetch=settings.registry_prefetch)
    worker_id, database = hub.worker_id(Kind.REGISTRY), hub.database("registry")
    handler = RegistryHandler(
        worker_id=worker_id,
        database=database,
        publisher=subscription,
        queues=queues,
        observer=hub.metrics,
        policy=hub.policy,
        most_records=min(settings.batch_records, _MOST_AT_ONCE),
        clock=hub.clock,
        tracing=hub.tracing,
    )
    pace = Pace(batch=settings.registry_prefetch)
    return _hop(hub, "registry", subscription, handler, pace, OutageLog(database, worker_id))


def _hop(
    hub: Hub, name: str, subscription: Subscription, handler: Handler, pace: Pace, log: OutageLog
) -> Worker:
    return Hop(
        name,
        subscription,
        handler,
        clock=hub.clock,
        observer=hub.metrics,
        pace=replace(pace, opens_at=hub.settings.breaker_failures),
        keep=log.keep,
    )


def _poll(hub: Hub) -> Worker:
    """Whatever asks ministries' services runs in one process: news often, contracts once a day."""
    if not hub.settings.contracts:
        return _poller(hub)
    guard, interval = hub.guard(), hub.settings.contract_round_seconds
    rounds = Rounds("contract guard", guard.look, interval, guard.database.close)
    return Crew({"polls": _poller(hub), "contract guard": rounds})


def _poller(hub: Hub) -> Worker:
    from connectors._kit import soap_client  # no other worker carries a SOAP client

    return PollWorker(
        [
            Poller(
                connector=connector,
                poll=poll,
                url=service.url.get_secret_value(),
                settings=service,
                database=hub.database(f"poll {name}"),
                publisher=hub.bus.publisher(),
                observer=hub.metrics,
                fetch=soap_client.fetch,
                clock=hub.clock,
            )
            for name, service in hub.settings.poll.items()
            if service.url is not None
            for connector in [_pollable(hub, name)]
            for poll in connector.polls
        ]
    )


def _desk(hub: Hub) -> Worker:
    settings = hub.settings
    queues = [queue.name for queue in hub.topology.queues if queue.name.startswith(DEAD)]
    worker_id, database = hub.worker_id(Kind.DESK), hub.database("desk")
    handler = DeskHandler(
        worker_id=worker_id,
        database=database,
        observer=hub.metrics,
        settle=hub.settle,
        keyring=hub.keyring,
    )
    subscription = hub.bus.subscribe(queues, prefetch=settings.prefetch)
    pace = Pace(batch=settings.batch_records)
    return _hop(hub, "desk", subscription, handler, pace, OutageLog(database, worker_id))


def _quality(hub: Hub) -> Worker:
    database = hub.database("quality")
    look = quality_round(hub.settings, hub.connectors, database, hub.metrics)
    interval = hub.settings.quality_interval_seconds
    breaker = hub.breaker("quality", hub.worker_id(Kind.QUALITY), database)
    return Rounds("quality", lambda: look.step(hub.clock()), interval, database.close, breaker)


def _agency(hub: Hub) -> Worker:
    database, publisher = hub.database("agency"), hub.bus.publisher()
    relay = AgencyRelay(
        database=database,
        bus=hub.bus,
        publisher=publisher,
        observer=hub.metrics,
        batch=hub.settings.batch_records,
    )

    def close() -> None:
        publisher.close()
        database.close()

    def step() -> None:
        relay.step(hub.clock())

    facts, worker_id = hub.facts(), hub.worker_id(Kind.AGENCY)
    relaying = hub.breaker("agency", worker_id, database)
    expiring = hub.breaker("facts", worker_id, facts.database)
    return Crew(
        {
            "agency": Rounds("agency", step, _AGENCY_SECONDS, close, relaying),
            "facts": Rounds("facts", facts.expire, _FACTS_SECONDS, facts.close, expiring),
        }
    )


def _http(hub: Hub) -> Worker:
    from hub.http.opening import open_door  # no other process carries the web server

    return open_door(
        hub.settings,
        connectors=hub.connectors,
        publisher=hub.bus.publisher(),
        database=hub.database,
        observer=hub.metrics,
        clock=hub.clock,
        ehis_only=hub.ehis_only,
        tracing=hub.tracing,
    )


def _lookup(hub: Hub) -> Worker:
    from hub.lookup.opening import open_lookup

    return open_lookup(hub.settings, database=hub.database, observer=hub.metrics, clock=hub.clock)


def _pollable(hub: Hub, name: str) -> Connector:
    connector, setting = hub.connectors.get(name), f"QOVSAQ_POLL__{name.upper()}__URL"
    if connector is None or not connector.polls:
        raise Stop(f"{setting}: no connector of that name can be polled")
    if name in hub.ehis_only:
        raise Stop(f"{setting}: QOVSAQ_EHIS_ONLY says that this ministry comes over EHİS only")
    return connector


BUILDERS: Mapping[Kind, Callable[[Hub], Worker]] = {
    Kind.INTAKE: _intake,
    Kind.REGISTRY: _registry,
    Kind.RELAY: upkeep,
    Kind.POLL: _poll,
    Kind.DESK: _desk,
    Kind.HTTP: _http,
    Kind.LOOKUP: _lookup,
    Kind.AGENCY: _agency,
    Kind.QUALITY: _quality,
    Kind.DELIVERY: delivery,
}
