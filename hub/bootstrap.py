"""The composition root: from settings to a working hub, every part replaceable by an argument."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr

from connectors._kit import soap_client
from connectors._kit.contract import Connector
from connectors._kit.discover import discover
from hub.contracts.guard import Guard
from hub.crew import Crew, Worker
from hub.deadletters.desk import Desk
from hub.deadletters.handler import DeskHandler
from hub.deadletters.letter import DEAD
from hub.deadletters.reading import Reader
from hub.deadletters.replaying import Replayer
from hub.evidence import ledger
from hub.evidence.ledger import Statement
from hub.evidence.outages import OutageLog
from hub.hop import Handler, Hop, Pace
from hub.intake.handler import IntakeHandler
from hub.intake.relay import Relay
from hub.metrics import Metrics
from hub.poll.poller import Poller
from hub.poll.worker import PollWorker
from hub.registry import tables
from hub.registry.handler import RegistryHandler
from hub.rounds import Rounds
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from routing import keys
from routing.bus import Bus, Subscription
from routing.observer import Observer, Unobserved
from routing.rabbit import RabbitBus
from routing.retry import Policy
from routing.topology import Topology, topology
from schemas.catalogue import records
from schemas.errors import Stop


class Kind(StrEnum):
    """The kinds of long-running process; ``run all`` starts one of each."""

    INTAKE = "intake"
    REGISTRY = "registry"
    RELAY = "relay"
    POLL = "poll"
    DESK = "desk"
    HTTP = "http"


def utc_now() -> datetime:
    """The clock of the hub (aware, UTC)."""
    return datetime.now(UTC)


def required(url: SecretStr | None, name: str) -> str:
    """Read a URL without which a command cannot work; raise ``Stop`` naming the setting."""
    if url is None:
        raise Stop(f"{name} is not set; `qovsaq demo` is the one command that brings its own")
    return url.get_secret_value()


@dataclass(frozen=True)
class Hub:
    """Everything workers and commands are made of."""

    settings: Settings
    database_url: str
    bus: Bus
    connectors: Mapping[str, Connector]
    metrics: Metrics
    clock: Callable[[], datetime] = utc_now

    @property
    def topology(self) -> Topology:
        """What must exist on the broker."""
        return topology(self.connectors, keys.LANES, self.settings.rungs())

    def database(self, purpose: str) -> Database:
        """Open a database connection for one thread; ``purpose`` shows in PostgreSQL's activity."""
        return Database(self.database_url, application_name=f"qovsaq {purpose}")

    def worker(self, kind: Kind) -> Worker:
        """Build the worker of a kind."""
        return _BUILDERS[kind](self)

    def ledger(self) -> Statement:
        """Draw up the account of now."""
        database = self.database("ledger")
        try:
            return ledger.draw_up(
                database,
                self.bus,
                self.connectors,
                keys.LANES,
                settle=self.settle,
                relay_limit=self.settings.relay_limit,
                now=self.clock(),
            )
        finally:
            database.close()

    def desk(self) -> Desk:
        """Open the dead-letter desk, for operators."""
        four_eyes = self.settings.four_eyes
        return Desk(self.database("desk"), self._reader, self.clock, four_eyes, self.settle)

    def replayer(self, stop: threading.Event) -> Replayer:
        """Open what sends dead letters again, until ``stop`` is set."""
        return Replayer(
            database=self.database("replay"),
            publisher=self.bus.publisher(),
            reader=self._reader,
            clock=self.clock,
            per_second=self.settings.replay_per_second,
            stop=stop,
        )

    def guard(self) -> Guard:
        """Post the guard that compares the contracts ministries serve with ours."""
        return Guard(
            self.connectors,
            self.settings.contracts,
            self.database("contracts"),
            self.metrics,
            self.clock,
        )

    @property
    def _reader(self) -> Reader:
        return Reader(self.connectors, self.settings.rules())

    @property
    def settle(self) -> timedelta:
        """Age from which an open record must have a proven holder."""
        return timedelta(seconds=self.settings.settle_seconds)

    @property
    def policy(self) -> Policy:
        """How failures are retried."""
        return Policy(self.settings.rungs(), self.settings.max_attempts)


def build(
    settings: Settings,
    *,
    database_url: str | None = None,
    bus: Bus | None = None,
    connectors: Mapping[str, Connector] | None = None,
    metrics: Metrics | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Hub:
    """Put a hub together; what is not given comes from the settings.

    Raises ``Stop`` where a URL is missing or a connector is half-written.
    """
    metrics = metrics or Metrics()
    return Hub(
        settings=settings,
        database_url=database_url or required(settings.database_url, "QOVSAQ_DATABASE_URL"),
        bus=bus or rabbit(settings, metrics),
        connectors=discover() if connectors is None else connectors,
        metrics=metrics,
        clock=clock,
    )


def rabbit(settings: Settings, observer: Observer | None = None) -> RabbitBus:
    """Open the broker that the settings name; raise ``Stop`` if they name none."""
    url = required(settings.broker_url, "QOVSAQ_BROKER_URL")
    return RabbitBus(
        url,
        linger=settings.batch_linger_ms / 1000,
        deaf_after=settings.deaf_seconds,
        observer=observer or Unobserved(),
    )


def bring_up_to_date(database_url: str) -> str:
    """Migrate a database and create the tables of new record types; name its schema."""
    migrate.upgrade(database_url)
    database = Database(database_url, application_name="qovsaq migrate")
    try:
        with database.transaction() as tx:
            tables.sync(tx, records())
    finally:
        database.close()
    return migrate.expected()


def _worker_id(kind: Kind) -> str:
    return f"{kind}@{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _intake(hub: Hub) -> Worker:
    settings = hub.settings
    queues = [keys.intake_queue(name, lane) for name in hub.connectors for lane in settings.lanes]
    subscription = hub.bus.subscribe([*queues, keys.INTAKE_UNROUTED], prefetch=settings.prefetch)
    worker_id, database = _worker_id(Kind.INTAKE), hub.database("intake")
    handler = IntakeHandler(
        worker_id=worker_id,
        database=database,
        publisher=subscription,
        connectors=hub.connectors,
        observer=hub.metrics,
        rules=settings.rules(),
        policy=hub.policy,
        most_events=settings.batch_records,
    )
    pace = Pace(batch=settings.batch_records)
    return _hop(hub, "intake", subscription, handler, pace, OutageLog(database, worker_id))


def _registry(hub: Hub) -> Worker:
    settings = hub.settings
    queues = [keys.writer_queue(lane) for lane in settings.lanes]
    subscription = hub.bus.subscribe(queues, prefetch=settings.registry_prefetch)
    worker_id, database = _worker_id(Kind.REGISTRY), hub.database("registry")
    handler = RegistryHandler(
        worker_id=worker_id,
        database=database,
        publisher=subscription,
        queues=queues,
        observer=hub.metrics,
        policy=hub.policy,
        most_records=2 * settings.batch_records,
        clock=hub.clock,
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


def _relay(hub: Hub) -> Worker:
    database, publisher = hub.database("relay"), hub.bus.publisher()
    relay = Relay(
        worker_id=_worker_id(Kind.RELAY),
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
    )

    def close() -> None:
        publisher.close()
        database.close()

    interval = hub.settings.relay_interval_seconds
    return Rounds("relay", lambda: relay.step(hub.clock()), interval, close)


def _poll(hub: Hub) -> Worker:
    """Whatever asks ministries' services runs in one process: news often, contracts once a day."""
    if not hub.settings.contracts:
        return _poller(hub)
    guard, interval = hub.guard(), hub.settings.contract_round_seconds
    rounds = Rounds("contract guard", guard.look, interval, guard.database.close)
    return Crew({"polls": _poller(hub), "contract guard": rounds})


def _poller(hub: Hub) -> Worker:
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
    worker_id, database = _worker_id(Kind.DESK), hub.database("desk")
    handler = DeskHandler(
        worker_id=worker_id,
        database=database,
        observer=hub.metrics,
        settle=hub.settle,
    )
    subscription = hub.bus.subscribe(queues, prefetch=settings.prefetch)
    pace = Pace(batch=settings.batch_records)
    return _hop(hub, "desk", subscription, handler, pace, OutageLog(database, worker_id))


def _http(hub: Hub) -> Worker:
    from hub.http.opening import open_door  # no other process carries the web server

    return open_door(
        hub.settings,
        connectors=hub.connectors,
        publisher=hub.bus.publisher(),
        database=hub.database,
        observer=hub.metrics,
        clock=hub.clock,
    )


def _pollable(hub: Hub, name: str) -> Connector:
    connector = hub.connectors.get(name)
    if connector is None or not connector.polls:
        raise Stop(f"QOVSAQ_POLL__{name.upper()}__URL: no connector of that name can be polled")
    return connector


_BUILDERS: Mapping[Kind, Callable[[Hub], Worker]] = {
    Kind.INTAKE: _intake,
    Kind.REGISTRY: _registry,
    Kind.RELAY: _relay,
    Kind.POLL: _poll,
    Kind.DESK: _desk,
    Kind.HTTP: _http,
}
