"""Putting the door together from the settings: whoever may send, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connectors._kit.contract import Connector
from hub.documents.loader import Loader
from hub.evidence.downtime.pauses import Pauses
from hub.http import ehis
from hub.http.access import access, subject_of
from hub.http.app import Reception
from hub.http.callers import Caller, Sender
from hub.http.door import Door
from hub.http.keyfile import KeyFile, read_signing_key
from hub.http.quota import Quota
from hub.http.server import HttpWorker
from hub.http.signatures import verifier
from hub.http.tokens import TokenOffice
from hub.settings import Settings
from hub.store.database import Database
from routing.bus import Publisher
from routing.observer import Observer
from schemas.errors import Stop

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing


def open_door(
    settings: Settings,
    *,
    connectors: Mapping[str, Connector],
    publisher: Publisher,
    database: Callable[[str], Database],
    observer: Observer,
    clock: Callable[[], datetime],
    ehis_only: frozenset[str] = frozenset(),
    tracing: Tracing | None = None,
) -> HttpWorker:
    """Build the worker that serves HTTP; ``database`` opens a connection for a purpose.

    Raises ``Stop`` where the settings let nobody in, or do not say how to know a sender.
    """
    if not settings.senders:
        raise Stop("QOVSAQ_SENDERS__<MINISTRY>__… name nobody who may send over HTTP")
    rules = settings.rules()
    signed = {n: verifier(n, sender, rules.limits) for n, sender in settings.senders.items()}
    verifiers = {name: verify for name, verify in signed.items() if verify}
    asked, loading = database("http"), database("http documents")
    pauses = Pauses(database("http pauses"), clock)
    callers = _callers(settings, connectors, clock)
    gateway = callers.pop(ehis.NAME, None)
    door = Door(publisher, asked, verifiers, rules, ehis_only, tracing, pauses)
    reception = Reception(
        senders={name: Sender(connectors[name], caller) for name, caller in callers.items()},
        gateway=gateway,
        connectors=connectors,
        tokens=_tokens(settings, door, clock),
        door=door,
        loader=Loader(loading, publisher, clock, rules.limits),
        database=asked,
        observer=observer,
        clock=clock,
        http=settings.http,
    )

    def close() -> None:
        publisher.close()
        asked.close()
        loading.close()
        pauses.database.close()

    grace = settings.grace_seconds
    return HttpWorker(reception.app(), settings.http, "QOVSAQ_HTTP__", grace, close, observer)


def _tokens(settings: Settings, door: Door, clock: Callable[[], datetime]) -> TokenOffice | None:
    http = settings.http
    if http.token_key is None:
        return None
    subjects = {
        name: subject_of(name, sender, http) or name
        for name, sender in settings.senders.items()
        if sender.authentication == "token"
    }
    return TokenOffice(
        key=KeyFile(http.token_key, read_signing_key),
        subjects=subjects,
        database=door.database,
        lock=door.lock,
        clock=clock,
        audience=http.audience,
        issuer=http.issuer,
        seconds=http.token_seconds,
    )


def _callers(
    settings: Settings, connectors: Mapping[str, Connector], clock: Callable[[], datetime]
) -> dict[str, Caller]:
    unknown = sorted(settings.senders.keys() - connectors.keys() - {ehis.NAME})
    if unknown:
        raise Stop(f"QOVSAQ_SENDERS__{unknown[0].upper()}__…: there is no such ministry")
    return {
        name: Caller(
            access=access(name, sender, settings.http, clock),
            quota=Quota(sender.requests_per_minute, sender.burst),
        )
        for name, sender in settings.senders.items()
    }
