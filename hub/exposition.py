"""The small HTTP server of each process: ``/metrics`` and ``/health``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

from hub.health import Finding, Level, worst
from hub.metrics import CONTENT_TYPE, Metrics
from schemas.errors import Stop

Check = Callable[[], Sequence[Finding]]


@contextmanager
def exposed(metrics: Metrics, check: Check, host: str, port: int) -> Iterator[int]:
    """Serve ``/metrics`` and ``/health`` inside the block; yield the port (0 asks for a free one).

    ``/health`` answers 503 while any finding is an error. Raises ``Stop`` if the port is taken.
    """
    try:
        server = ThreadingHTTPServer((host, port), _handler(metrics, check))
    except OSError as error:
        raise Stop(f"cannot serve metrics on {host}:{port}: {error.strerror}") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="exposition", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(metrics: Metrics, check: Check) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
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
