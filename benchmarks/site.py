"""A hub as it is deployed, for one run: its own virtual host and database, real processes.

Three bodies subscribe, each with grants for some fields; another operator than proposes them puts
them in force. Their queues are read all the time, as they would read them.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import processes
from benchmarks.bodies import admit, declare, name_of
from benchmarks.country.files import File
from benchmarks.meter import Group, Meter
from benchmarks.servers import Servers
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.settings import Settings
from routing import keys
from tests.support.http_site import listens
from tests.support.hub_process import HubProcess, environment
from tests.support.rabbitmq import answers
from tests.support.servers import NoServer, wait_until

KINDS = ("registry", "delivery", "relay", "agency", "desk", "quality")
"""What runs beside intake; ``qovsaq run all`` starts the same."""

SHARED = ("intake", "registry", "delivery")
"""What shares its work with others of its kind."""

_STARTS_WITHIN = 120


@dataclass
class Site:
    """A hub that is set up; intake is started by whoever measures."""

    servers: Servers
    broker_url: str
    database_url: str
    folder: Path
    bodies: int
    copies: int = 1
    metrics_port: int = 0
    running: list[HubProcess] = field(default_factory=list)
    reader: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.metrics_port = self.metrics_port or _free_ports(len(Kind) * self.copies)

    @property
    def settings(self) -> dict[str, str]:
        """What its processes are told; everything else is as it comes."""
        return {
            "QOVSAQ_BROKER_URL": self.broker_url,
            "QOVSAQ_DATABASE_URL": self.database_url,
            "QOVSAQ_METRICS_PORT": str(self.metrics_port),
            "QOVSAQ_LOG_LEVEL": "info",
        }

    @property
    def names(self) -> list[str]:
        """The bodies that subscribe."""
        return [name_of(number) for number in range(self.bodies)]

    def start(self, *kinds: str) -> None:
        """Start processes and return when each is at work; ``copies`` of each that shares work."""
        started = [
            self._started(kind, copy)
            for kind in kinds
            for copy in range(self.copies if kind in SHARED else 1)
        ]
        everything = ", ".join(kinds)
        wait_until(lambda: all(map(_ready, started)), _STARTS_WITHIN, f"qovsaq run {everything}")

    def _started(self, kind: str, copy: int) -> HubProcess:
        port = {"QOVSAQ_METRICS_PORT": str(self.metrics_port + len(Kind) * copy)}
        folder = self.folder / str(copy)
        folder.mkdir(exist_ok=True)
        process = HubProcess(kind, self.settings | port, folder)
        self.running.append(process)
        process.start()
        return process

    def read_deliveries(self) -> None:
        """Read the queues of all bodies from now on, in a process of their own."""
        queues = [keys.deliver_queue(name) for name in self.names]
        if queues:
            command = [sys.executable, "-m", "benchmarks.queues", self.broker_url, *queues]
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
        pids: dict[str, set[int]] = {}
        for process in self.running:
            pids.setdefault(process.kind, set()).add(process.pid)
        if self.reader is not None:
            pids["bodies"] = {self.reader.pid}
        return {name: _these(each) for name, each in pids.items()} | more | self.servers.groups

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
        for process in self.running:
            process.stop()
        if self.reader is not None:
            self.reader.kill()
            self.reader.wait()


def _ready(process: HubProcess) -> bool:
    if not process.running:
        raise RuntimeError(f"qovsaq run {process.kind} ended: {process.log.read_text()[-2000:]}")
    return process.ready


def _free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens on."""
    blocks = range(20_000, 30_000, count)
    for first in random.sample(blocks, len(blocks)):  # another run may be choosing too
        if not any(listens(port) for port in range(first, first + count)):
            return first
    raise NoServer("there are no free ports below 30000")


def _these(pids: set[int]) -> Group:
    return lambda: pids


@contextmanager
def site(
    servers: Servers, bodies: int = 3, kinds: Sequence[str] = KINDS, copies: int = 1
) -> Iterator[Site]:
    """Set a hub up, with everything but intake at work; nothing of it stays."""
    with servers.vhost() as broker_url, servers.database() as database_url:
        _set_up(broker_url, database_url, bodies)
        with _at_work(servers, broker_url, database_url, bodies, kinds, copies) as made:
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
    servers: Servers,
    broker_url: str,
    database_url: str,
    bodies: int,
    kinds: Sequence[str],
    copies: int = 1,
) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="qovsaq-bench-") as folder:
        made = Site(servers, broker_url, database_url, Path(folder), bodies, copies)
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
        declare(broker_url, hub.topology)
        admit(hub, broker_url, bodies)
    finally:
        hub.bus.close()


def _hub(broker_url: str, database_url: str) -> Hub:
    urls = {"broker_url": broker_url, "database_url": database_url}
    return bootstrap.build(Settings.model_validate(urls))
