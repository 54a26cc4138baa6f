"""Whether what the hub connects to is protected on the way: by TLS, or by not leaving the machine.

Decree 308 asks for protected channels (2.6). Encryption whose other end is not verified protects
against nobody who can get in between, and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

_VERIFIED = {"verify-ca", "verify-full"}


def broker_is_protected(url: str) -> bool:
    """Whether every broker of an AMQP URL (several, with ``;`` between) is reached safely.

    ``amqps://`` verifies the server's certificate and name (``routing.address``).
    """
    parts = [part.partition("://") for part in url.split(";")]
    return all(
        scheme == "amqps" or _all_local(_hosts(rest.partition("/")[0].partition("?")[0]))
        for scheme, _, rest in parts
    )


def database_is_protected(url: str) -> bool:
    """Whether every server of a PostgreSQL URL is reached safely; a socket of this machine is."""
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    if options.get("sslmode", [""])[-1] in _VERIFIED:
        return True
    named = options.get("hostaddr") or options.get("host")
    return _all_local(named[-1].split(",") if named else _hosts(parts.netloc))


def service_is_protected(url: str) -> bool:
    """Whether an HTTP service is reached over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _all_local(_hosts(parts.netloc))


class Connections(NamedTuple):
    """URLs that the hub connects to, where they are set."""

    broker: SecretStr | None = None
    database: SecretStr | None = None
    collector: SecretStr | None = None


class Server(NamedTuple):
    """What the hub serves at an address, and whether over TLS; ``name`` begins its settings."""

    name: str
    host: str
    encrypted: bool


def unprotected(
    prefix: str, connections: Connections, servers: Iterable[Server] = ()
) -> Iterator[str]:
    """Say in plain words what would leave this machine in the clear, setting by setting."""
    words, allow = "leaves this machine unprotected; use", f"or set {prefix}ALLOW_PLAIN"
    for url, name, is_protected, remedy in (
        (connections.broker, "BROKER_URL", broker_is_protected, "amqps://"),
        (connections.database, "DATABASE_URL", database_is_protected, "?sslmode=verify-full"),
        (connections.collector, "TRACING__ENDPOINT", service_is_protected, "https://"),
    ):
        if url and not is_protected(url.get_secret_value()):
            yield f"{prefix}{name}: {words} {remedy}, {allow}"
    for server in servers:
        if not server.encrypted and not _local(server.host):
            own = prefix + server.name
            yield f"{own}: serves other machines unprotected; set {own}__CERTIFICATE, {allow}"


def _hosts(netloc: str) -> list[str]:
    """Name the hosts of ``user:password@one:1,[::1]:2``; none is a socket of this machine."""
    return [_without_port(host) for host in netloc.rpartition("@")[2].split(",")]


def _without_port(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _all_local(hosts: Iterable[str]) -> bool:
    return all(_local(host) for host in hosts)


def _local(host: str) -> bool:
    if host == "localhost" or not host or host.startswith(("/", "%2F", "%2f")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_credentials(url: SecretStr) -> str:
    """Show where a URL leads without user, password and parameters: ``amqp://host:5672/vhost``."""
    scheme, _, rest = url.get_secret_value().partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
