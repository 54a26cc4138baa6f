"""Broker URLs, read once for both clients.

``amqp://user:password@host:5672/vhost?heartbeat=20``. With ``amqps://`` the server's certificate
and name are verified; ``?ssl_options={'ca_certs': …, 'certfile': …, 'keyfile': …}`` (URL-quoted)
names a private authority or a client certificate.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kombu
import pika

from schemas.errors import Stop

HEARTBEAT_SECONDS = 20
_TLS = ("ca_certs", "certfile", "keyfile", "ciphers")


class Unreadable(Stop):
    """A URL that cannot be read, or names files that cannot be: an operator must mend one."""


def parameters(url: str, name: str = "qovsaq") -> list[Any]:
    """Read pika parameters of every broker in ``url``; raise ``Stop`` if it cannot be read."""
    return [_parameters(part, name) for part in url.split(";")]


def connections(url: str, name: str = "qovsaq") -> list[Any]:
    """Make a kombu connection, not opened yet, for every broker in ``url``."""
    return [_connection(part, name) for part in url.split(";")]


def _parameters(url: str, name: str) -> Any:
    if not url.startswith(("amqp://", "amqps://")):
        raise Stop("the broker URL must start with amqp:// or amqps://")
    try:
        read = pika.URLParameters(url)  # noqa: TID251 - the one place in the hub
    except (ValueError, SyntaxError, OSError, TypeError) as error:
        # The text of these errors may quote the URL, and with it the password.
        raise Unreadable(f"the broker URL cannot be read ({type(error).__name__})") from None
    if read.heartbeat is None:
        read.heartbeat = HEARTBEAT_SECONDS
    read.client_properties = {"connection_name": name}
    return read


def _connection(url: str, name: str) -> Any:
    read = _parameters(url, name)
    return kombu.Connection(
        transport="pyamqp",
        hostname=read.host,
        port=read.port,
        userid=read.credentials.username,
        password=read.credentials.password,
        virtual_host=read.virtual_host,
        ssl=_tls(url, read.host) if read.ssl_options else False,
        connect_timeout=read.socket_timeout,
        transport_options={
            "confirm_publish": True,
            "client_properties": {"connection_name": name},
            "read_timeout": read.stack_timeout,
            "write_timeout": read.stack_timeout,
        },
    )


def _tls(url: str, host: str) -> Mapping[str, Any]:
    """Make py-amqp verify as pika does; it checks no name unless it is told one."""
    given = parse_qs(urlsplit(url).query).get("ssl_options", ["{}"])[0]
    options: dict[str, Any] = ast.literal_eval(given) or {}
    if "cafile" in options:
        options["ca_certs"] = options["cafile"]
    chosen = {name: options[name] for name in _TLS if name in options}
    return chosen | {"server_hostname": options.get("server_hostname") or host}
