"""Endpoints of subscribers on loopback: honest ones, and every kind of bad one."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.credentials import Authority

Behaviour = Callable[["Endpoint", BaseHTTPRequestHandler], None]


@dataclass
class Endpoint:
    """An endpoint that is listening; ``behave`` may be changed while it does."""

    url: str
    port: int
    behave: Behaviour
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    opened: list[socket.socket] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def connections(self) -> int:
        return len(self.opened)

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.received]


@contextmanager
def endpoint(
    behave: Behaviour, context: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[Endpoint]:
    """Listen until the end of the block; with a context over TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            here.opened.append(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.received.append((dict(self.headers.items()), body))
            with suppress(OSError):  # what a bad endpoint meets when it is cut off
                here.behave(here, self)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = _Server(("127.0.0.1", port), Handler)
    port = server.server_address[1]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    here = Endpoint(f"{'https' if context else 'http'}://127.0.0.1:{port}/in", port, behave)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in here.opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def serving(authority: Authority, issued: tuple[Path, Path]) -> ssl.SSLContext:
    """Show a certificate, and ask for one of the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: whoever is cut off in the middle has something to say."""


def answering(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer at once and properly; header names have ``_`` for ``-``."""

    def behave(_: Endpoint, request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return behave


def silent(here: Endpoint, _: BaseHTTPRequestHandler) -> None:
    """Take everything and say nothing."""
    here.closing.wait(60)


def dripping_head(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Send a head without end, byte by byte, so that no wait for the next one is long."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not here.closing.wait(0.02):
        request.wfile.write(b"a")


def dripping_body(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Promise a short body and send it byte by byte."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not here.closing.wait(0.02):
        request.wfile.write(b"a")


def continuing(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Say ``100 Continue`` for ever."""
    while not here.closing.wait(0.001):
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_body(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Send a body without end as fast as it is taken."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while not here.closing.is_set():
        request.wfile.write(piece)


def endless_line(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Send one status line without end."""
    request.wfile.write(b"HTTP/1.1 200 ")
    while not here.closing.is_set():
        request.wfile.write(b"y" * 0x1000)


def garbage(_: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Answer something that is not HTTP."""
    request.wfile.write(b"\x00\xff nonsense\r\n\r\n")
    request.close_connection = True


def hanging_up(_: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """Close the connection instead of answering."""
    request.close_connection = True
