"""A hub as it is deployed, for one run: its own virtual host and database, real processes.

Three bodies subscribe, each with grants for some fields; another operator than proposes them puts
them in force. Their queues are read all the time, as they would read them.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenacity import retry, retry_if_exception_type, stop_after_delay

from benchmarks import processes
from benchmarks.country.files import File
from benchmarks.meter import Group, Meter
from benchmarks.servers import Servers
from hub import bootstrap, outbound
from hub.bootstrap import Hub, Kind
from hub.delivery import subscribers
from hub.delivery.subscriber import Subscriber
from hub.evidence import operators
from hub.settings import Settings
from routing import control, keys
from routing.topology import Topology
from schemas.errors import Unavailable
from schemas.grant_document import GrantDocument
from schemas.subscriber_document import SubscriberDocument
from tests.support.http_site import listens
from tests.support.hub_process import HubProcess, environment
from tests.support.rabbitmq import answers
from tests.support.servers import NoServer, wait_until

KINDS = ("registry", "delivery", "relay", "agency", "desk", "quality")
"""What runs beside intake; ``qovsaq run all`` starts the same."""

_STARTS_WITHIN = 120
_GRANTED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "outside-4": {"employment_contract": ("contract", "worker", "employer", "startDate", "status")},
    "4.1.2": {
        "person": ("identifier", "givenName", "familyName", "dateOfBirth"),
        "identity_document": ("document", "holder", "number", "status"),
    },
}


class Unhindered:
    """The broker's rights, left as they are: the run's readers come as its owner."""

    def introduce(self, subscriber: str, password: str) -> None:
        """Nothing."""

    def permit(self, subscriber: str) -> None:
        """Nothing."""

    def forbid(self, subscriber: str) -> None:
        """Nothing."""


@dataclass
class Site:
    """A hub that is set up; intake is started by whoever measures."""

    servers: Servers
    broker_url: str
    database_url: str
    folder: Path
    bodies: int
    metrics_port: int = field(default_factory=lambda: _free_ports(len(Kind)))
    running: dict[str, HubProcess] = field(default_factory=dict)
    reader: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What its processes are told; everything else is as it comes."""
        return {
            "QOVSAQ_BROKER_URL": self.broker_url,
            "QOVSAQ_DATABASE_URL": self.database_url,
            "QOVSAQ_METRICS_PORT": str(self.metrics_port),
            "QOVSAQ_LOG_LEVEL": "info",
        }

    def start(self, *kinds: str) -> None:
        """Start processes and return when each is at work."""
        for kind in kinds:
            self.running[kind] = HubProcess(kind, self.settings, self.folder)
            self.running[kind].start()
        everything = ", ".join(kinds)
        wait_until(lambda: all(map(self._ready, kinds)), _STARTS_WITHIN, f"qovsaq run {everything}")

    def read_deliveries(self) -> None:
        """Read the queues of all bodies from now on, in a process of their own."""
        queues = [keys.deliver_queue(f"body-{number}") for number in range(self.bodies)]
        if queues:
            command = [sys.executable, "-m", "benchmarks.raw", self.broker_url, *queues]
            self.reader = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def load(self, file: File) -> subprocess.Popen[bytes]:
        """Begin to load a document, as an operator does."""
        words = ("load", str(file.path), "--ministry", file.ministry)
        with (self.folder / "commands.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "hub.cli", *words, "--content-type", file.content_type],
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def groups(self, **more: Group) -> dict[str, Group]:
        """All processes of a run by name: the hub's, whoever reads, the servers."""
        pids = {kind: process.pid for kind, process in self.running.items()}
        if self.reader is not None:
            pids["bodies"] = self.reader.pid
        return {name: _one(pid) for name, pid in pids.items()} | more | self.servers.groups

    def meter(self, **more: Group) -> Meter:
        """Begin to measure."""
        return Meter(self.groups(**more))

    def memory(self) -> dict[str, float]:
        """Peak resident memory of each process, in MB; the servers' beside the hub's."""
        return {name: round(processes.peak_rss_mb(pids())) for name, pids in self.groups().items()}

    def hub(self) -> Hub:
        """The hub as a command sees it."""
        return _hub(self.broker_url, self.database_url)

    def close(self) -> None:
        """Stop everything that was started."""
        for process in self.running.values():
            process.stop()
        if self.reader is not None:
            self.reader.kill()
            self.reader.wait()

    def _ready(self, kind: str) -> bool:
        process = self.running[kind]
        if not process.running:
            raise RuntimeError(f"qovsaq run {kind} ended: {process.log.read_text()[-2000:]}")
        return process.ready


def _free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens on."""
    blocks = range(20_000, 30_000, count)
    for first in random.sample(blocks, len(blocks)):  # another run may be choosing too
        if not any(listens(port) for port in range(first, first + count)):
            return first
    raise NoServer("there are no free ports below 30000")


def _one(pid: int) -> Group:
    return lambda: {pid}


@contextmanager
def site(servers: Servers, bodies: int = 3, kinds: Sequence[str] = KINDS) -> Iterator[Site]:
    """Set a hub up, with everything but intake at work; nothing of it stays."""
    with servers.vhost() as broker_url, servers.database() as database_url:
        _set_up(broker_url, database_url, bodies)
        with _at_work(servers, broker_url, database_url, bodies, kinds) as made:
            yield made


@contextmanager
def standing_site(servers: Servers, name: str, bodies: int) -> Iterator[Site]:
    """A hub whose database and virtual host have a name and stay; set up where it is new."""
    broker_url = f"{servers.broker.url}/{name}"
    database_url = urlsplit(servers.postgres.url)._replace(path=f"/{name}").geturl()
    if not answers(broker_url):
        servers.broker.administration.add_vhost(name)
        servers.postgres.create(name)
        _set_up(broker_url, database_url, bodies)
    with _at_work(servers, broker_url, database_url, bodies, KINDS) as made:
        yield made


@contextmanager
def _at_work(
    servers: Servers, broker_url: str, database_url: str, bodies: int, kinds: Sequence[str]
) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="qovsaq-bench-") as folder:
        made = Site(servers, broker_url, database_url, Path(folder), bodies)
        try:
            made.start(*kinds)
            made.read_deliveries()
            yield made
        finally:
            made.close()


def _set_up(broker_url: str, database_url: str, bodies: int) -> None:
    bootstrap.bring_up_to_date(database_url)
    hub = _hub(broker_url, database_url)
    try:
        _declare(broker_url, hub.topology)
        _admit(hub, broker_url, bodies)
    finally:
        hub.bus.close()


@retry(retry=retry_if_exception_type(Unavailable), stop=stop_after_delay(_STARTS_WITHIN))
def _declare(broker_url: str, topology: Topology) -> None:
    """Nothing is measured yet: a busy machine may take its time."""
    control.declare(broker_url, topology)


def _hub(broker_url: str, database_url: str) -> Hub:
    urls = {"broker_url": broker_url, "database_url": database_url}
    return bootstrap.build(Settings.model_validate(urls))


def _admit(hub: Hub, broker_url: str, bodies: int) -> None:
    """Enter the bodies and put their grants in force, as two operators do."""
    now, database = datetime.now(UTC), hub.database("bench")
    with database.transaction() as tx:
        first = operators.add(tx, "first", None, now)
        second, third = (operators.add(tx, name, first, now) for name in ("second", "third"))
    opened = outbound.governance(hub)
    recaller = replace(opened.recaller, administration=Unhindered())
    governance = replace(opened, administration=Unhindered(), recaller=recaller)
    for number in range(bodies):
        document = _body(number)
        subscriber = Subscriber.of(document)
        with database.transaction() as tx:
            subscribers.put(tx, first, document, now)
        _declare(broker_url, subscribers.topology_of(subscriber))
        with database.transaction() as tx:
            subscribers.bound(tx, document.subscriber, datetime.now(UTC))
        for grant in _grants(document.subscriber):
            version = governance.propose(second, grant, "measured")
            governance.decide(third, grant.grant, version, approve=True, reason="measured")
    governance.database.close()
    database.close()


def _body(number: int) -> SubscriberDocument:
    records = [record for fields in _GRANTED.values() for record in fields]
    told = {"subscriber": f"body-{number}", "title": f"Body {number}", "channel": "amqp"}
    return SubscriberDocument.model_validate(told | {"records": records})


def _grants(body: str) -> Iterator[GrantDocument]:
    for place, (category, fields) in enumerate(_GRANTED.items()):
        act: dict[str, Any] = {"act": "Synthetic law", "article": "1"}
        yield GrantDocument.model_validate(
            {
                "grant": f"{body}-{place}",
                "subscriber": body,
                "category": category,
                "level": "fields",
                "records": list(fields),
                "fields": {record: list(names) for record, names in fields.items()},
                "purpose": "to be measured",
                "legalBasis": act,
                "decision": {
                    "authority": "ASAN",
                    "checker": "Checker 1",
                    "number": "1",
                    "date": "2026-01-10",
                    "documentSha256": "0" * 64,
                },
                "validFrom": "2026-01-01T00:00:00Z",
                "validUntil": "2100-01-01T00:00:00Z",
            }
            | ({"outsideAct": act} if category == "outside-4" else {})
        )
