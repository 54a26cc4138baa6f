"""A server's TLS from files, which are read again when they change: rotated without a restart.

Whether they changed is looked at with each handshake. Files that cannot be used, half-replaced
ones included, leave in place what was read before, and the log and a metric say so.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import structlog

from hub.listeners import Files
from routing.observer import Observer
from schemas.errors import Stop

_log = structlog.get_logger()
_Version = tuple[tuple[int, int, int], ...]


class ServerTls:
    """TLS 1.2 or later for a server named ``name``; ``context`` serves new handshakes.

    Raises ``Stop`` where the files cannot be used to begin with.
    """

    def __init__(self, name: str, files: Files, observer: Observer) -> None:
        self._name = name
        self._files = files
        self._observer = observer
        self._lock = threading.Lock()
        self._version = self._look()
        try:
            self.context = self._current = self._read()
        except (OSError, ssl.SSLError):
            raise Stop(f"{name}: its certificate, key or authorities cannot be used") from None
        # Asked with every handshake, also of clients that name no server.
        self.context.sni_callback = self._choose
        self._tell(stale=False)

    def _choose(self, handshake: ssl.SSLObject, _server: str | None, _: ssl.SSLContext) -> None:
        handshake.context = self._now()

    def _now(self) -> ssl.SSLContext:
        version = self._look()
        with self._lock:
            if version != self._version:
                self._version = version
                self._reload()
            return self._current

    def _reload(self) -> None:
        try:
            self._current = self._read()
        except (OSError, ssl.SSLError) as error:
            _log.error("certificate not taken", listener=self._name, cause=type(error).__name__)
            self._tell(stale=True)
            return
        _log.info("certificate taken", listener=self._name)
        self._observer.count("certificates_taken", listener=self._name)
        self._tell(stale=False)

    def _tell(self, *, stale: bool) -> None:
        self._observer.gauge("certificate_stale", stale, listener=self._name)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A resumed session would go on with the certificates of before.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.load_cert_chain(self._files.certificate, self._files.private_key)
        if self._files.client_authorities:
            context.load_verify_locations(self._files.client_authorities)
            required = self._files.required
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        return context

    def _look(self) -> _Version:
        """What tells one state of the files from another; one that is missing is a state, too."""
        return tuple(_state(path) for path in self._files.paths)


def _state(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)
