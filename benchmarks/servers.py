"""The broker and the database of a run: found, checked to keep its promises, and described."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import processes
from benchmarks.meter import Group
from tests.support.postgres import PostgresServer, running_postgres, running_private_postgres
from tests.support.private_broker import running_private_broker
from tests.support.rabbitmq import Broker, found_broker
from tests.support.servers import NoServer
from tests.support.settings import SupportSettings

_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_SHOWN = (*_DURABLE, "shared_buffers", "max_wal_size", "checkpoint_timeout", "autovacuum")
_LIBRARIES = ("pika", "psycopg", "pydantic", "lxml", "orjson")


FOR_A_LOAD: Mapping[str, str] = {
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "shared_buffers": "4GB",
}
"""What docs/scaling.md says of a database that takes a load: else each page is logged often."""


@dataclass(frozen=True)
class Servers:
    """Where runs take place; nobody else should be using them."""

    broker: Broker
    postgres: PostgresServer
    node: int
    postmaster: int
    settings: Mapping[str, str]

    @property
    def groups(self) -> dict[str, Group]:
        """Their processes, by name."""
        return {
            "rabbitmq": lambda: {self.node},
            "postgresql": lambda: processes.family(self.postmaster),
        }

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """Yield the URL of a virtual host of one run's own."""
        with self.broker.vhost(f"qovsaq_bench_{uuid.uuid4().hex[:8]}") as url:
            yield url

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the URL of an empty database of one run's own."""
        name = f"qovsaq_bench_{uuid.uuid4().hex[:8]}"
        try:
            yield self.postgres.create(name)
        finally:
            self.postgres.drop(name)


@contextmanager
def servers(*, own: bool = True, settings: Mapping[str, str] | None = None) -> Iterator[Servers]:
    """Start a broker and a database for the run, as they come; else find them as tests do.

    ``settings`` are of a database that is started. Raises ``NoServer`` if one is missing.
    """
    if own:
        with (
            running_private_broker() as node,
            running_private_postgres(synced=True, settings=settings) as private,
        ):
            yield found(node.broker, PostgresServer(private.url))
        return
    asked = SupportSettings()
    broker = found_broker(asked.broker_url, asked.broker_command)
    if broker is None:
        raise NoServer("a RabbitMQ is needed: QOVSAQ_TEST_BROKER_URL, or one on this machine")
    with running_postgres(asked.database_url) as postgres:
        yield found(broker, postgres)


def found(broker: Broker, postgres: PostgresServer) -> Servers:
    """Look at servers that are there; raise ``NoServer`` if the database gives up durability."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        settings = {name: _shown(connection, name) for name in (*_SHOWN, "server_version")}
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        postmaster = processes.parent(backend)
    node = broker.administration.run("--silent", "eval", "os:getpid().")
    return Servers(broker, postgres, int(node.strip().strip('"')), postmaster, settings)


def durable(servers: Servers) -> None:
    """Raise ``NoServer`` unless a commit of this database survives a power cut."""
    given_up = [name for name in _DURABLE if servers.settings[name] != "on"]
    if given_up or servers.postgres.unsynced:
        raise NoServer(f"figures need a database that waits for its disk: {given_up or 'fsync'}")


def described(servers: Servers) -> dict[str, Any]:
    """Say what the run ran on; no names of machines, users or folders."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _processor(),
        "memoryGiB": round(memory, 1),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "rabbitmq": servers.broker.administration.run("--silent", "version").strip(),
        "postgresql": dict(servers.settings),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _shown(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""
