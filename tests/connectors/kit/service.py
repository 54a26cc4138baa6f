"""A ministry's SOAP service with scripted answers, on a port of this machine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

POLL = "urn:synthetic:justice:poll:v1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True)
class Answer:
    """What the service says to one request."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """Gives its answers in turn, the last one for ever, and remembers what it was asked."""

    url: str
    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)

    def answer(self, request: bytes) -> Answer:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]


@contextmanager
def serving(*answers: Answer) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            answer = service.answer(self.rfile.read(length))
            self.send_response(answer.status)
            for name, value in {"Content-Type": "text/xml", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        service = Service(f"http://127.0.0.1:{server.server_port}/justice/poll", list(answers))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def page(*documents: tuple[int, str, bytes], more: str = "false") -> Answer:
    """The answer with these documents: sequence, message id, bytes."""
    items = "".join(
        f"<p:item><p:sequence>{sequence}</p:sequence><p:messageId>{message_id}</p:messageId>"
        f"<p:document>{base64.b64encode(document).decode()}</p:document></p:item>"
        for sequence, message_id, document in documents
    )
    more = f"<p:more>{more}</p:more>" if more else ""
    return envelope(
        f"<p:FetchNotificationsResponse xmlns:p='{POLL}'>{items}{more}"
        "</p:FetchNotificationsResponse>"
    )


def fault(code: str, text: str = "no", status: int = 500) -> Answer:
    body = f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>{text}</faultstring></s:Fault>"
    return envelope(body, status)


def envelope(body: str, status: int = 200) -> Answer:
    text = f"<s:Envelope xmlns:s='{ENVELOPE}'><s:Body>{body}</s:Body></s:Envelope>"
    return Answer(text.encode(), status)
