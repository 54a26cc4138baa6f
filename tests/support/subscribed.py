"""Subscribers with grants in force, and their workers as ``run delivery`` builds them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from hub import outbound
from hub.bootstrap import Hub
from hub.delivery import standings, subscribers
from hub.delivery.grant import Standing
from hub.delivery.standings import Line
from hub.delivery.subscriber import Subscriber
from hub.evidence import operators
from hub.store.database import Database, Transaction
from schemas.grant_document import GrantDocument
from schemas.subscriber_document import SubscriberDocument

Body = tuple[dict[str, Any], Sequence[GrantDocument]]
"""A subscriber's document, a title left out, and the grants it has."""


def enter(database_url: str, bodies: Iterable[Body], now: datetime) -> list[Subscriber]:
    """Enter subscribers as of a moment, each of their grants proposed by one and approved by
    another, and say that their queues are bound; the caller declares them."""
    database = Database(database_url)
    try:
        with database.transaction() as tx:
            by = operators.add(tx, "first", None, now)
            for document, grants in bodies:
                paper = SubscriberDocument.model_validate({"title": "Sınaq"} | document)
                subscribers.put(tx, by, paper, now)
                subscribers.bound(tx, paper.subscriber, now)
                for grant in grants:
                    put_in_force(tx, grant, now)
            return subscribers.known(tx)
    finally:
        database.close()


def put_in_force(tx: Transaction, grant: GrantDocument, now: datetime) -> None:
    version = standings.propose(tx, grant, "asked for", "first", now)
    standings.decide(tx, grant.grant, version, approved=True, by="second", now=now)
    line = Line(grant.grant, version, Standing.IN_FORCE, "approved", "x", "second")
    standings.enter(tx, line, now)


@contextmanager
def working(hub: Hub, subscriber: Subscriber) -> Iterator[None]:
    """Have the subscriber's worker at work during the block."""
    stop, worker = threading.Event(), outbound.hop(hub, subscriber)
    thread = threading.Thread(target=worker.run, args=[stop], name=subscriber.name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
