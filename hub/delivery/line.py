"""One HTTP exchange at a time with an endpoint nobody here controls.

The connection goes to an address that was judged beforehand, no redirect is followed, no proxy
of the environment is used, and one deadline cuts everything: connecting, the TLS handshake, an
answer that drips byte by byte, a body without end. The standard library's client is used because
it lets the connection be made here; see ADR 0012.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import cast

from hub.delivery.address import Resolve, Target, permitted_addresses, resolve
from schemas.errors import Unavailable

_PIECE = 64 * 1024
_RESOLVED_FOR = 300.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint is waited for, in seconds: to connect, for each next byte, in all."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An endpoint's answer; ``body`` is cut at what was asked for, and then not ``whole``."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Line:
    """A connection to one endpoint, kept while it is good. For one thread."""

    def __init__(
        self,
        target: Target,
        *,
        context: ssl.SSLContext | None = None,
        patience: Patience = Patience(),
        resolve: Resolve = resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._context = context or ssl.create_default_context()
        self.patience = patience
        self._resolve = resolve
        self._monotonic = monotonic
        self._open: _Connection | None = None

    def post(self, body: bytes, headers: Mapping[str, str], most: int) -> Answer:
        """Send a body, and read at most ``most`` bytes of what is answered.

        Raises ``Unavailable`` where no status came in time. The body of an answer may be late or
        broken: then it is not ``whole``.
        """
        deadline = self._monotonic() + self.patience.total
        try:
            connection = self._connected(deadline)
            answer = connection.exchange(self._target, body, headers, most)
        except (OSError, HTTPException, ValueError) as error:
            # ValueError: http.client's word for a status or a chunk that is no number.
            self.close()
            raise Unavailable(f"the endpoint does not answer ({type(error).__name__})") from None
        if not connection.reusable:
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection; the next exchange opens a new one."""
        if self._open is not None:
            self._open.hang_up()
            self._open = None

    def _connected(self, deadline: float) -> _Connection:
        if self._open is not None and (
            self._monotonic() > self._open.stale_at or self._open.was_closed()
        ):
            self.close()
        if self._open is None:
            self._open = self._connect(deadline)
        self._open.deadline = deadline
        return self._open

    def _connect(self, deadline: float) -> _Connection:
        addresses = permitted_addresses(self._target, self._resolve)
        for address in addresses[:-1]:
            with suppress(OSError):
                return self._dial(str(address), deadline)
        return self._dial(str(addresses[-1]), deadline)

    def _dial(self, address: str, deadline: float) -> _Connection:
        left = min(self.patience.connect, deadline - self._monotonic())
        if left <= 0:
            raise TimeoutError
        raw = socket.create_connection((address, self._target.port), left)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._target.secure:
                raw = self._context.wrap_socket(raw, server_hostname=self._target.host)
        except BaseException:
            raw.close()
            raise
        stale_at = self._monotonic() + _RESOLVED_FOR
        return _Connection(raw, stale_at, deadline, self.patience.read, self._monotonic)


@dataclass(slots=True)
class _Connection:
    """A socket of which no operation outlives the deadline, and HTTP/1.1 over it."""

    raw: socket.socket
    stale_at: float
    deadline: float
    read: float
    monotonic: Callable[[], float]
    reusable: bool = False

    def exchange(
        self, target: Target, body: bytes, headers: Mapping[str, str], most: int
    ) -> Answer:
        self.reusable = False
        http = HTTPConnection(target.host, target.port)
        http.sock = cast(socket.socket, self)
        http.request("POST", target.path, body, {"Host": target.authority, **headers})
        with http.getresponse() as response:
            content, whole = _read(response, most)
            self.reusable = whole and not response.will_close
            return Answer(response.status, dict(response.headers.items()), content, whole)

    def was_closed(self) -> bool:
        """Whether the other side has hung up, or said something unasked."""
        self.raw.settimeout(0)
        try:
            self.raw.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True

    def sendall(self, data: bytes) -> None:
        """As ``socket.sendall``, for ``http.client``."""
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._limit()
            self.raw.sendall(view[start : start + _PIECE])

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As ``socket.makefile``, for ``http.client``."""
        return io.BufferedReader(_Reader(self))

    def receive(self, into: bytearray | memoryview) -> int:
        self._limit()
        return self.raw.recv_into(into)

    def close(self) -> None:
        """Nothing: ``http.client`` closes a socket whose answer it still reads."""

    def hang_up(self) -> None:
        self.raw.close()

    def _limit(self) -> None:
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise TimeoutError
        self.raw.settimeout(min(self.read, left))


class _Reader(io.RawIOBase):
    def __init__(self, connection: _Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]  # as the socket has it
        return self._connection.receive(into)


def _read(response: HTTPResponse, most: int) -> tuple[bytes, bool]:
    """Read a body up to a limit, and tell whether that was all of it in good order."""
    try:
        content = response.read(most + 1)
    except (OSError, HTTPException, ValueError):
        return b"", False
    return content[:most], len(content) <= most and not response.length
