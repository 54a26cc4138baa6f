"""The hub, its servers, Prometheus and Alertmanager, all real, for alerts to be made to fire."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.bootstrap import Kind, bring_up_to_date
from hub.store.database import Database
from routing import control
from routing.message import PUBLISHED_AT, Message
from routing.rabbit import RabbitBus
from tests.support.anchor_keys import new_pair
from tests.support.commands import CommandLine
from tests.support.credentials import Authority, real_now
from tests.support.hub_process import HubProcess
from tests.support.intake_bench import sample
from tests.support.postgres import PrivatePostgres, running_private_postgres
from tests.support.private_broker import PrivateBroker, private_node
from tests.support.prometheus import Prometheus, running_prometheus
from tests.support.servers import free_port, wait_until

CONTRACT = sample("labour", "concluded.in.json")
KINDS = ("intake", "registry", "relay", "desk")
SECONDS = 240


@dataclass
class Site:
    """Everything there is, and what an operator and a ministry do on it."""

    folder: Path
    authority: Authority
    broker: PrivateBroker
    server: PrivatePostgres
    settings: dict[str, str]
    prometheus: Prometheus
    processes: dict[str, HubProcess]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    token: str = ""

    def send(self, *, late: timedelta = timedelta(0), body: bytes = CONTRACT) -> None:
        """Publish a message of the labour ministry, by its own word so long ago."""
        headers = {PUBLISHED_AT: (datetime.now(UTC) - late).isoformat()}
        self.publish("intake.labour", "live", body, "application/json", **headers)

    def again(self) -> None:
        """Publish a message of the labour ministry that came before."""
        self.publish("intake.labour", "live", CONTRACT, "application/json", name="once more")

    def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        content_type: str,
        name: str = "",
        **headers: str,
    ) -> None:
        name = name or f"alert-{next(self.numbers)}"
        bus = RabbitBus(self.broker.url)
        try:
            message = Message(exchange, key, body, name, content_type, headers)
            bus.publisher().publish([message])
        finally:
            bus.close()

    def depth(self, queue: str) -> int:
        return control.depths(self.broker.url, [queue]).get(queue, 0)

    def purge(self, queue: str) -> None:
        self.broker.administration.run("purge_queue", queue)

    def execute(self, *statements: Any) -> None:
        """Write to the database as its owner, past the hub."""
        database = Database(self.server.url)
        try:
            with database.transaction() as tx:
                for statement in statements:
                    tx.execute(statement)
        finally:
            database.close()

    def restart(self, kind: str, **settings: str) -> None:
        """Start a process anew, with other settings."""
        self.processes[kind].stop()
        self.processes[kind] = HubProcess(kind, self.settings | settings, self.folder)
        self.start(kind)

    def start(self, kind: str) -> None:
        process = self.processes[kind]
        process.start()
        wait_until(lambda: process.ready, SECONDS, kind)

    def operator(self) -> CommandLine:
        """The command line of an operator: there is one."""
        if not self.token:
            self.token = CommandLine(self.settings)("operators", "add", "operator").out.strip()
        return CommandLine({**self.settings, "QOVSAQ_OPERATOR_TOKEN": self.token})


@contextmanager
def alert_site(folder: Path) -> Iterator[Site]:
    """Start everything; raises ``NoServer`` where something is not installed."""
    folder.chmod(0o755)
    with ExitStack() as stack:
        node = stack.enter_context(private_node())
        exposed = node.expose()
        node.start()
        server = stack.enter_context(running_private_postgres())
        bring_up_to_date(server.url)
        authority = Authority(folder, real_now(), days=100)
        settings = _settings(folder, node, server, authority)
        assert CommandLine(settings)("topology", "declare").status == 0
        first = int(settings["QOVSAQ_METRICS_PORT"])
        ports = {kind: first + list(Kind).index(Kind(kind)) for kind in KINDS}
        targets = {
            "qovsaq": [f"127.0.0.1:{port}" for port in ports.values()],
            "rabbitmq": [f"127.0.0.1:{exposed}"],
        }
        prometheus = stack.enter_context(running_prometheus(folder, targets, authority.file))
        processes = {kind: HubProcess(kind, settings, folder) for kind in KINDS}
        site = Site(folder, authority, node, server, settings, prometheus, processes)
        try:
            for kind in KINDS:
                site.start(kind)
            yield site
        finally:
            for process in site.processes.values():
                process.kill()


def put_certificate(folder: Path, authority: Authority, days: int = 100) -> None:
    """Issue a certificate for so many days and put it where the processes look."""
    certificate, key = authority.issue("issued", "hub", days)
    for source, name in ((key, "server.key"), (certificate, "server.pem")):
        fresh = folder / f"{name}.new"
        shutil.copy(source, fresh)
        os.replace(fresh, folder / name)  # noqa: PTH105 - one rename, so that none is seen half


def _settings(
    folder: Path, node: PrivateBroker, server: PrivatePostgres, authority: Authority
) -> dict[str, str]:
    put_certificate(folder, authority)
    return {
        "QOVSAQ_BROKER_URL": node.url,
        "QOVSAQ_DATABASE_URL": server.url,
        # Nobody serves the other lane: what is published there waits.
        "QOVSAQ_LANES": "live",
        "QOVSAQ_METRICS_PORT": str(free_port() % 20_000 + 20_000),
        "QOVSAQ_METRICS__CERTIFICATE": str(folder / "server.pem"),
        "QOVSAQ_METRICS__PRIVATE_KEY": str(folder / "server.key"),
        "QOVSAQ_RELAY_INTERVAL_SECONDS": "1",
        "QOVSAQ_CUSTODY_INTERVAL_SECONDS": "1",
        "QOVSAQ_SETTLE_SECONDS": "10",
        "QOVSAQ_DEAF_SECONDS": "3",
        "QOVSAQ_FEEDS__LABOUR__PATTERN": "continuous",
        "QOVSAQ_FEEDS__LABOUR__ALLOWED_MINUTES": "1",
        "QOVSAQ_EVIDENCE__SEAL_SECONDS": "1",
        "QOVSAQ_EVIDENCE__SIGNING_KEY": str(new_pair(folder).private),
        "QOVSAQ_EVIDENCE__ANCHORS": str(folder / "anchors.jsonl"),
        "QOVSAQ_EVIDENCE__ANCHOR_SECONDS": "1",
    }
