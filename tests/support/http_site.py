"""The HTTP door on loopback, with intake behind it on the in-memory bus, and a clock at rest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from hub.http.opening import open_door
from hub.settings import Settings
from hub.store.database import Database
from routing.memory import MemoryPublisher
from routing.observer import Unobserved
from tests.support.intake_bench import Bench
from tests.support.servers import free_port, wait_until

OPEN: Mapping[str, Any] = {
    name: {"authentication": "none"}
    for name in ("economy", "health", "interior", "justice", "labour", "migration")
}
_SECONDS = 120


@dataclass
class HttpSite:
    """A door that is open, and what a ministry does before it."""

    bench: Bench
    url: str
    publisher: MemoryPublisher

    def post(self, path: str, body: Any, content_type: str, **given: Any) -> requests.Response:
        """Send a body; ``headers`` come on top of the content type."""
        headers = {"Content-Type": content_type} | given.pop("headers", {})
        return requests.post(self.url + path, data=body, headers=headers, timeout=_SECONDS, **given)

    def get(self, path: str, **given: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=_SECONDS, **given)

    def message(self, ministry: str, message_id: str) -> Any:
        """What the hub says became of a message."""
        return self.get(f"/intake/{ministry}/messages/{message_id}").json()


@contextmanager
def http_site(bench: Bench, database_url: str, **given: Any) -> Iterator[HttpSite]:
    """Open a door with these settings; every ministry may send unless ``senders`` says else.

    With ``tracing_into`` it traces what it takes.
    """
    port = free_port()
    tracing = given.pop("tracing_into", None)
    http = {"port": port} | given.pop("http", {})
    settings = Settings(**({"senders": OPEN} | given | {"http": http}))
    publisher = bench.bus.publisher()
    worker = open_door(
        settings,
        connectors=bench.connectors,
        publisher=publisher,
        database=lambda purpose: Database(database_url, application_name=purpose),
        observer=Unobserved(),
        clock=lambda: bench.now,
        ehis_only=frozenset(settings.ehis_only),
        tracing=tracing,
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop], name="door")
    thread.start()
    scheme = "https" if settings.http.certificate else "http"
    try:
        wait_until(lambda: listens(port), _SECONDS, "the door")
        yield HttpSite(bench, f"{scheme}://127.0.0.1:{port}", publisher)
    finally:
        stop.set()
        thread.join()


def listens(port: int) -> bool:
    """Whether anybody listens on a port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
