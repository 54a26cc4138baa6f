"""The small HTTP server of each process: ``/metrics`` and ``/health``."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from hub.health import Finding, Level, worst
from hub.listeners import Files
from hub.metrics import CONTENT_TYPE, Metrics
from hub.tls import ServerTls
from schemas.errors import Stop

Check = Callable[[], Sequence[Finding]]
_CLIENT_SECONDS = 10


@contextmanager
def exposed(
    metrics: Metrics, check: Check, host: str, port: int, files: Files | None = None
) -> Iterator[int]:
    """Serve ``/metrics`` and ``/health`` inside the block; yield the port (0 asks for a free one).

    With ``files`` over TLS, as they are at each handshake. ``/health`` answers 503 while any
    finding is an error. Raises ``Stop`` if the port is taken or the files cannot be used.
    """
    tls = ServerTls("metrics", files, metrics) if files else None
    try:
        server = _Server((host, port), _handler(metrics, check), tls)
    except OSError as error:
        raise Stop(f"cannot serve metrics on {host}:{port}: {error.strerror}") from None
    thread = threading.Thread(target=server.serve_forever, name="exposition", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """One thread for each client; a handshake is made there, so that none holds up the others."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        tls: ServerTls | None,
    ) -> None:
        self._tls = tls
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off or fails its handshake is its own business."""


def _handler(metrics: Metrics, check: Check) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_SECONDS

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(HTTPStatus.OK, CONTENT_TYPE, metrics.expose())
                case "/health":
                    self._answer_health()
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not here\n")

        def _answer_health(self) -> None:
            findings = check()
            failing = worst(findings) is Level.ERROR
            status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
            body = orjson.dumps({"status": worst(findings), "findings": findings})
            self._answer(status, "application/json", body)

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are not worth a log line."""

    return Handler
