"""Who may ask: subscribers and systems by token or certificate, each with a share of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.http.access import Access, Clock, Credentials, certificates, tokens, written
from hub.http.quota import Quota, QuotaExceeded
from hub.listeners import LookupSettings, ReaderSettings
from hub.store.database import Database
from schemas.errors import Refused, Stop

_BUSY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber or a system that asks; its connections to the database are no other's."""

    name: str
    quota: Quota
    connections: queue.SimpleQueue[Database]

    def connection(self) -> Database:
        """Take a connection; raise ``QuotaExceeded`` where all are in use."""
        try:
            return self.connections.get_nowait()
        except queue.Empty:
            raise QuotaExceeded(_BUSY_SECONDS) from None

    def put_back(self, connection: Database) -> None:
        """Give a connection to whoever comes next."""
        self.connections.put(connection)


@dataclass(frozen=True, slots=True)
class Readers:
    """Readers by how they are known; a request with a token is known by that alone."""

    by_token: Mapping[str, Reader]
    by_certificate: Mapping[str, Reader]
    tokens: Access | None
    certificates: Access | None

    def known(self, credentials: Credentials) -> Reader:
        """Find the reader; raise ``Refused``: ``unauthenticated`` or ``forbidden``."""
        if self.tokens and (credentials.authorization or not self.certificates):
            return _entitled(self.by_token.get(self.tokens.subject(credentials)))
        if self.certificates:
            return _entitled(self.by_certificate.get(self.certificates.subject(credentials)))
        raise Refused("unauthenticated", "", "nobody may ask for this")

    def close(self) -> None:
        """Close the connections that are not in use."""
        for reader in (*self.by_token.values(), *self.by_certificate.values()):
            while not reader.connections.empty():
                reader.connections.get_nowait().close()


def admit(
    readers: Mapping[str, ReaderSettings],
    lookup: LookupSettings,
    database: Callable[[str], Database],
    clock: Clock,
    *,
    section: str = "QOVSAQ_READERS__",
) -> Readers:
    """Make readers of a section of the settings, subscribers' or systems'.

    Raises ``Stop`` where it does not say how to know one.
    """
    by_token: dict[str, Reader] = {}
    by_certificate: dict[str, Reader] = {}
    for name, settings in readers.items():
        prefix = f"{section}{name.upper().replace('-', '_')}__"
        if settings.subject is None:
            raise Stop(f"{prefix}SUBJECT is not set")
        by_whom, subject = by_token, settings.subject
        if settings.authentication == "certificate":
            by_whom, subject = by_certificate, written(settings.subject, prefix)
        if subject in by_whom:
            raise Stop(f"{prefix}SUBJECT is another reader's as well")
        by_whom[subject] = _reader(name, settings, lookup, database)
    return Readers(
        by_token,
        by_certificate,
        tokens(lookup, "QOVSAQ_LOOKUP__", clock) if by_token else None,
        certificates(lookup, "QOVSAQ_LOOKUP__") if by_certificate else None,
    )


def _reader(
    name: str,
    settings: ReaderSettings,
    lookup: LookupSettings,
    database: Callable[[str], Database],
) -> Reader:
    connections: queue.SimpleQueue[Database] = queue.SimpleQueue()
    for _ in range(lookup.at_once):
        connections.put(database(f"lookup {name}"))
    return Reader(name, Quota(settings.requests_per_minute, settings.burst), connections)


def _entitled(reader: Reader | None) -> Reader:
    if reader is None:
        raise Refused("forbidden", "", "these credentials may not ask for this")
    return reader
