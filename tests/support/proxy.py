"""A TCP proxy in front of a server, which can cut its connections or go silent."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16


class Proxy:
    """Forwards every connection on ``port`` of the loopback interface to ``upstream``."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
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
        for sock in (sock for pair in pairs for sock in pair):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Keep every connection open and pass nothing on, in either direction."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on again, beginning with what was held."""
        self._flowing.set()

    def inject(self, data: bytes) -> None:
        """Send something to every client, as if the server had."""
        with self._lock:
            for client, _ in self._pairs:
                client.sendall(data)

    def close(self) -> None:
        """Stop accepting and break what is open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.resume()
        self.cut()
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
            server = socket.create_connection(self._upstream)
            with self._lock:
                self._pairs.append((client, server))
                self.accepted += 1
            pumps = [(client, server), (server, client)]
            remaining = threading.Barrier(2, action=lambda a=client, b=server: _close(a, b))
            for source, target in pumps:
                thread = threading.Thread(
                    target=self._pump, args=(source, target, remaining), daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, end: threading.Barrier) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flowing.wait()
                target.sendall(data)
        for sock in (source, target):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        end.wait(5)


def _close(*sockets: socket.socket) -> None:
    for sock in sockets:
        sock.close()
