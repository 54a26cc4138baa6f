"""Putting the lookup service together from the settings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from hub.delivery.subscriber import Channel, check_channel
from hub.http.server import HttpWorker
from hub.lookup.answering import Answering
from hub.lookup.app import LookupService
from hub.lookup.changes import Changes
from hub.lookup.readers import admit
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Observer
from schemas.errors import Stop


def open_lookup(
    settings: Settings,
    *,
    database: Callable[[str], Database],
    observer: Observer,
    clock: Callable[[], datetime],
) -> HttpWorker:
    """Build the worker that answers lookups; ``database`` opens a connection for a purpose.

    Raises ``Stop`` where the settings let nobody in, or would send data over a network in clear.
    """
    lookup, names = settings.lookup, settings.rules().namespaces
    for name in settings.readers:
        check_channel(name, Channel.LOOKUP, settings.outbound.ehis_only)
    if not (lookup.local or lookup.certificate):
        raise Stop("QOVSAQ_LOOKUP__CERTIFICATE is not set: without TLS it serves this machine only")
    if not (settings.readers or settings.systems):
        raise Stop("QOVSAQ_READERS__<SUBSCRIBER>__… and QOVSAQ_SYSTEMS__<SYSTEM>__… name nobody")
    readers = admit(settings.readers, lookup, database, clock)
    systems = admit(settings.systems, lookup, database, clock, section="QOVSAQ_SYSTEMS__")
    answering = Answering(
        persons=names.persons,
        most_records=lookup.most_records,
        observer=observer,
        clock=clock,
        new_id=lambda: uuid.uuid4().hex,
    )
    service = LookupService(
        readers, answering, names, lookup.hand_over_seconds, Changes(systems, clock)
    )

    def close() -> None:
        readers.close()
        systems.close()

    grace = settings.grace_seconds
    return HttpWorker(service.app(), lookup, "QOVSAQ_LOOKUP__", grace, close, observer)
