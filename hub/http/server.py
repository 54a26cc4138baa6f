"""Serving HTTP as a worker: uvicorn in this process, stopped cleanly, TLS where it is set."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.http.access import CERTIFICATE
from hub.listeners import Files, ListenerSettings
from hub.tls import ServerTls
from routing.observer import Observer, Unobserved
from schemas.errors import Stop

_BACKLOG = 256


class Protocol(H11Protocol):
    """HTTP/1.1 that hands on the client's certificate, which ASGI has no place for but state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take the verified certificate off the connection, if there is one."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        certificate = secured.getpeercert(binary_form=True) if secured else None
        self.app_state = {**self.app_state, CERTIFICATE: certificate}


@dataclass(frozen=True, slots=True)
class HttpWorker:
    """Serves an application until stopped; ``grace`` is how long requests may take to end then.

    ``prefix`` names the group of settings it listens by.
    """

    app: Starlette
    settings: ListenerSettings
    prefix: str
    grace: int
    close: Callable[[], None]
    observer: Observer = field(default_factory=Unobserved)

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set; raise ``Stop`` where the address or the keys are no good."""
        server = _Server(self._config())
        waiting = threading.Thread(target=server.end_with, args=[stop], daemon=True)
        waiting.start()
        try:
            server.run()
        except (OSError, SystemExit):
            host, port = self.settings.host, self.settings.port
            raise Stop(f"cannot listen on {host}:{port} ({self.prefix}…)") from None
        finally:
            self.close()

    def _config(self) -> uvicorn.Config:
        http = self.settings
        config = uvicorn.Config(
            self.app,
            host=http.host,
            port=http.port,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=http.most_connections,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=self.grace,
        )
        config.load()
        if http.certificate:
            config.ssl = self._tls(http.certificate).context
        return config

    def _tls(self, certificate: Path) -> ServerTls:
        http = self.settings
        for name in ("certificate", "private_key", "client_authorities"):
            self._file(getattr(http, name), name.upper())
        files = Files(certificate, http.private_key, http.client_authorities)
        try:
            return ServerTls(self.prefix.split("_")[1].lower(), files, self.observer)
        except Stop:
            raise Stop(f"{self.prefix}CERTIFICATE or PRIVATE_KEY cannot be used") from None

    def _file(self, path: Path | None, name: str) -> None:
        if path is not None and not path.is_file():
            raise Stop(f"{self.prefix}{name}: no such file")


class _Server(uvicorn.Server):
    """A server without signal handlers of its own: those are the process's."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # any context does
        return nullcontext()

    def end_with(self, stop: threading.Event) -> None:
        stop.wait()
        self.should_exit = True
