"""A TCP proxy in front of a server, which can cut, slow, silence or orphan its connections."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16


class Proxy:
    """Forwards every connection on ``port`` of the loopback interface to ``upstream``.

    With ``tls`` it is the encrypted side of a server that speaks plainly.
    """

    def __init__(self, upstream: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self._upstream = upstream
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._delay = 0.0
        self._orphans: set[socket.socket] = set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.accepted = 0

    @property
    def port(self) -> int:
        """Where to connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut(self) -> None:
        """Break every connection; new ones are welcome."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _break(*pair)

    def silence(self) -> None:
        """Keep every connection open and pass nothing on, in either direction."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on again, beginning with what was held."""
        self._flowing.set()

    def slow(self, seconds: float) -> None:
        """Hold everything for so long before passing it on, in either direction; 0: no more."""
        self._delay = seconds

    def orphan(self) -> None:
        """End every connection on the server's side and let no client know (half-open)."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self._orphans |= {client for client, _ in pairs}
        for _, server in pairs:
            _break(server)

    def inject(self, data: bytes) -> None:
        """Send something to every client, as if the server had."""
        with self._lock:
            for client, _ in self._pairs:
                client.sendall(data)

    def close(self) -> None:
        """Stop accepting and break what is open."""
        _break(self._listener)
        self._listener.close()
        self.resume()
        self.cut()
        _break(*self._orphans)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(self._upstream)
            with self._lock:
                self._pairs.append((client, server))
                self.accepted += 1
            answers = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            answers.start()
            self._pump(client, server)
            answers.join()
            server.close()
        client.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flowing.wait()
                if self._delay:
                    time.sleep(self._delay)
                target.sendall(data)
        with contextlib.suppress(OSError):
            while source in self._orphans and source.recv(_CHUNK):
                pass  # its server is gone, and it does not know
        _break(source, *({target} - self._orphans))


def _break(*sockets: socket.socket) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
