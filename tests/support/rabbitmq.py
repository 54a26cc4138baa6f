"""A RabbitMQ for tests: the configured one, else the local one, else one started for the run."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from tests.support.servers import NoServer

LOCAL = "amqp://guest:guest@127.0.0.1:5672"
_PATIENCE = 60
"""Seconds for a connection: a broker that is starting, or has much to do, is not absent."""


class Depth(NamedTuple):
    """Messages of a queue: waiting, and handed to a consumer but not acknowledged."""

    ready: int
    unacked: int


@dataclass(frozen=True)
class Administration:
    """``rabbitmqctl`` of one broker, as an argument vector in front of its subcommands."""

    command: tuple[str, ...]

    def run(self, *arguments: str) -> str:
        """Run a subcommand and return its output; raise ``NoServer`` with its complaint."""
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoServer(f"rabbitmqctl: {type(error).__name__}") from None
        if done.returncode:
            raise NoServer(f"rabbitmqctl {arguments[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def table(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a listing subcommand and return its rows."""
        rows: list[dict[str, Any]] = json.loads(
            self.run("--silent", "--formatter", "json", *arguments)
        )
        return rows

    def works(self) -> bool:
        """Whether the broker obeys."""
        try:
            self.run("list_vhosts", "--silent")
        except NoServer:
            return False
        return True

    def add_vhost(self, name: str, user: str = "guest") -> None:
        """Create a virtual host in which ``user`` may do everything."""
        self.run("add_vhost", name)
        self.permit(user, name, configure=".*", write=".*", read=".*")

    def delete_vhost(self, name: str) -> None:
        """Delete a virtual host with all that is in it."""
        self.run("delete_vhost", name)

    def permit(self, user: str, vhost: str, *, configure: str, write: str, read: str) -> None:
        """Set what a user may do in a virtual host, as three regular expressions."""
        self.run("set_permissions", "-p", vhost, user, configure, write, read)

    def depths(self, vhost: str) -> dict[str, Depth]:
        """Count messages per queue.

        A quorum queue publishes its counts once per tick: 5 s, in a private broker 0.2 s.
        """
        columns = ("name", "messages_ready", "messages_unacknowledged")
        rows = self.table("list_queues", "-p", vhost, *columns)
        return {row[columns[0]]: Depth(row[columns[1]], row[columns[2]]) for row in rows}

    def clear(self, vhost: str, url: str) -> None:
        """Delete every queue and every exchange that somebody declared."""
        # Listed per virtual host: exporting all definitions fails while another one comes or goes.
        queues = [row["name"] for row in self.table("list_queues", "-p", vhost, "name")]
        exchanges = [row["name"] for row in self.table("list_exchanges", "-p", vhost, "name")]
        with connected(url) as channel:
            for queue in queues:
                channel.queue_delete(queue)
            for exchange in exchanges:
                if exchange and not exchange.startswith("amq."):
                    channel.exchange_delete(exchange)


@dataclass(frozen=True)
class Broker:
    """A running broker: its URL without a virtual host, and how to administer it."""

    url: str
    administration: Administration

    @contextmanager
    def vhost(self, name: str) -> Iterator[str]:
        """Yield the URL of a new virtual host, deleted afterwards."""
        self.administration.add_vhost(name)
        try:
            yield f"{self.url}/{name}"
        finally:
            self.administration.delete_vhost(name)


def patient(url: str) -> pika.connection.Parameters:
    """Read the URL of a broker, for a connection that waits for a busy one to answer."""
    parameters = pika.URLParameters(url)  # noqa: TID251 - the one place of tests and benchmarks
    parameters.socket_timeout = parameters.stack_timeout = _PATIENCE
    return parameters


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Yield a channel of a short-lived connection."""
    connection = pika.BlockingConnection(patient(url))
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()


def answers(url: str) -> bool:
    """Whether a broker lets us in at ``url``."""
    parameters = patient(url)
    try:
        # First the bare port: pika logs each refused connection at length.
        socket.create_connection((parameters.host, parameters.port), _PATIENCE).close()
        pika.BlockingConnection(parameters).close()
    except (AMQPError, AMQPConnectorException, OSError):
        return False
    return True


def found_broker(configured: str | None, command: Sequence[str]) -> Broker | None:
    """Return the configured or the local broker; None if neither is there for us to use.

    Raises ``NoServer`` if one is configured but of no use.
    """
    administration = Administration(tuple(command))
    if configured:
        if not answers(configured):
            raise NoServer("QOVSAQ_TEST_BROKER_URL is set but no RabbitMQ answers there")
        if not administration.works():
            raise NoServer("QOVSAQ_TEST_BROKER_CTL does not administer that broker")
        return Broker(_without_vhost(configured), administration)
    if answers(LOCAL) and administration.works():
        return Broker(LOCAL, administration)
    return None


def _without_vhost(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
