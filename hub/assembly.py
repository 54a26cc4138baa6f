"""A hub put together: what its workers and the commands of operators are made of."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import SecretStr

from connectors._kit.contract import Connector
from hub.agency.facts import Facts
from hub.breaker import Breaker
from hub.contracts.guard import Guard
from hub.crew import Worker
from hub.deadletters.desk import Desk
from hub.deadletters.reading import Reader
from hub.deadletters.replaying import Replayer
from hub.evidence import ledger
from hub.evidence.ledger import Statement
from hub.evidence.outages import OutageLog
from hub.evidence.sealing import Keyring
from hub.metrics import Metrics
from hub.settings import Settings
from hub.store.database import Database
from hub.watch import calendar
from hub.watch.calendar import Calendar
from routing import keys
from routing.bus import Bus
from routing.retry import Policy
from routing.topology import Topology, topology
from schemas.errors import Stop

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing


class Kind(StrEnum):
    """The kinds of long-running process; ``run all`` starts one of each."""

    INTAKE = "intake"
    REGISTRY = "registry"
    RELAY = "relay"
    POLL = "poll"
    DESK = "desk"
    HTTP = "http"
    AGENCY = "agency"
    QUALITY = "quality"
    DELIVERY = "delivery"
    LOOKUP = "lookup"


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
    builders: Mapping[Kind, Callable[[Hub], Worker]]
    clock: Callable[[], datetime] = utc_now
    tracing: Tracing | None = None

    @property
    def topology(self) -> Topology:
        """What must exist on the broker."""
        return topology(self.connectors, keys.LANES, self.settings.rungs())

    def database(self, purpose: str) -> Database:
        """Open a database connection for one thread; ``purpose`` shows in PostgreSQL's activity."""
        name = f"qovsaq {purpose}"
        return Database(self.database_url, application_name=name, observer=self.metrics)

    def worker_id(self, kind: Kind) -> str:
        """Name one worker as evidence has it: kind, machine, process, and which of its lives."""
        return f"{kind}@{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def breaker(self, hop: str, worker_id: str, database: Database) -> Breaker:
        """Make what tells of outages of a worker, in its own thread's database."""
        return Breaker(
            hop,
            opens_at=self.settings.breaker_failures,
            clock=self.clock,
            observer=self.metrics,
            keep=OutageLog(database, worker_id).keep,
        )

    def worker(self, kind: Kind) -> Worker:
        """Build the worker of a kind."""
        return self.builders[kind](self)

    def ledger(self, *, anew: bool = False) -> Statement:
        """Draw up the account of now, counting ``anew`` what rests as well."""
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
                anew=anew,
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

    def facts(self) -> Facts:
        """Open what enters staff's facts and ends them when their time is over."""
        return Facts(
            database=self.database("facts"),
            publisher=self.bus.publisher(),
            clock=self.clock,
            rules=self.settings.rules(),
            keyring=self.keyring,
            four_eyes=self.settings.four_eyes,
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
        return Reader(self.connectors, self.settings.rules(), self.keyring)

    @property
    def keyring(self) -> Keyring:
        """What bodies are sealed with; read from its file anew."""
        return Keyring(self.settings.evidence.sealing_keys)

    def calendars(self) -> dict[str, Calendar]:
        """When ministries are expected to send, as far as the settings say.

        Raises ``Stop`` where they name a ministry that there is not.
        """
        unknown = self.settings.feeds.keys() - self.connectors.keys()
        if unknown:
            raise Stop(f"QOVSAQ_FEEDS__{min(unknown).upper()}: there is no ministry of that name")
        known = self.settings.calendar
        return {name: calendar.read(feed, known) for name, feed in self.settings.feeds.items()}

    @property
    def settle(self) -> timedelta:
        """Age from which an open record must have a proven holder."""
        return timedelta(seconds=self.settings.settle_seconds)

    @property
    def ehis_only(self) -> frozenset[str]:
        """Ministries that may not send directly; raise ``Stop`` if one of them is none."""
        unknown = set(self.settings.ehis_only) - self.connectors.keys()
        if unknown:
            raise Stop(f"QOVSAQ_EHIS_ONLY: there is no ministry named {min(unknown)}")
        return frozenset(self.settings.ehis_only)

    @property
    def policy(self) -> Policy:
        """How failures are retried."""
        return Policy(self.settings.rungs(), self.settings.max_attempts)
