"""The ministries' poll services on loopback: deterministic documents, paging, passing faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from urllib.parse import urlsplit

from hub.simulator import poll_contract
from hub.simulator.stream import Stream

PAGE_LIMIT = 1_000
FAULTS_IN_A_ROW = 2

_REQUEST_BYTES = 64 * 1024
_TEXT_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: HTTPStatus
    body: bytes


class PollService:
    """What one ministry's service answers, apart from HTTP.

    ``stream`` is what it has to tell: item *n* of the stream has sequence *n* + 1. A share
    ``faults`` of the fetches fails in passing (by turns HTTP 503 and a SOAP fault), but never more
    than two in a row, so that a client which tries three times always gets on.
    """

    def __init__(self, ministry: str, stream: Stream, *, faults: float = 0, seed: int = 0) -> None:
        self._ministry = ministry
        self._stream = stream
        self._faults = faults
        self._draw = Random(f"{seed}/poll/{ministry}")  # noqa: S311 - reproducible, not secret
        self._failures = 0
        self._in_a_row = 0
        self._lock = Lock()

    def describe(self, url: str) -> Answer:
        """Answer the service description."""
        return Answer(HTTPStatus.OK, poll_contract.wsdl(self._ministry, url))

    def fetch(self, body: bytes) -> Answer:
        """Answer the documents after the cursor a request names."""
        request = poll_contract.read_request(body)
        if request is None:
            fault = poll_contract.fault("Client", "not a FetchNotifications request")
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, fault)
        return self._failure() or self._page(*request)

    def _failure(self) -> Answer | None:
        with self._lock:
            if self._in_a_row == FAULTS_IN_A_ROW or self._draw.random() >= self._faults:
                self._in_a_row = 0
                return None
            self._in_a_row += 1
            self._failures += 1
            if self._failures % 2:
                return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"")
        fault = poll_contract.fault("Server", "passing trouble, try again")
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, fault)

    def _page(self, after: int, limit: int) -> Answer:
        end = min(after + min(limit, PAGE_LIMIT), len(self._stream))
        told = ((index + 1, self._stream[index].message) for index in range(after, end))
        items = [(sequence, message.message_id, message.body) for sequence, message in told]
        more = bool(items) and end < len(self._stream)
        return Answer(HTTPStatus.OK, poll_contract.answer(self._ministry, items, more=more))


class PollServer:
    """Serves poll services on 127.0.0.1 at ``/<ministry>/poll``; a context manager.

    ``port`` 0 takes any free port.
    """

    def __init__(self, services: Mapping[str, PollService], *, port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(services))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> PollServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, ministry: str) -> str:
        """Address of a ministry's service."""
        return f"http://127.0.0.1:{self._server.server_port}/{ministry}/poll"


def _handler(services: Mapping[str, PollService]) -> type[BaseHTTPRequestHandler]:
    by_path = {f"/{name}/poll": service for name, service in services.items()}

    class Handler(BaseHTTPRequestHandler):
        """Finds the service of a path and speaks HTTP for it."""

        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            path, query = urlsplit(self.path)[2:4]
            service = by_path.get(path)
            if service is None or query.lower() != "wsdl":
                return self._answer(Answer(HTTPStatus.NOT_FOUND, b""))
            return self._answer(service.describe(f"http://{self.headers['Host']}{path}"))

        def do_POST(self) -> None:
            service = by_path.get(urlsplit(self.path).path)
            length = int(self.headers.get("Content-Length") or 0)
            if length > _REQUEST_BYTES:
                self.close_connection = True
                return self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b""))
            body = self.rfile.read(length)
            if service is None:
                return self._answer(Answer(HTTPStatus.NOT_FOUND, b""))
            return self._answer(service.fetch(body))

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet: the hub's log is the one to read."""

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", _TEXT_XML)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler
