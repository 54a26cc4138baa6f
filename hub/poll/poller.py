"""One polled service: fetch a page after the cursor, publish it, and only then move the cursor.

A crash between publish and cursor publishes the page again, under the same message ids; intake
knows them and nothing counts twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from connectors._kit.contract import Connector, Poll
from hub.evidence.downtime import register
from hub.poll import cursor
from hub.sections import PollSettings
from hub.store.database import Database
from routing import keys
from routing.bus import Publisher, Unroutable
from routing.message import PUBLISHED_AT, Message
from routing.observer import Observer
from schemas.errors import Stop

if TYPE_CHECKING:
    from connectors._kit.soap_client import Page, Polled


class Fetch(Protocol):
    """Asks a service for a page, trying passing faults again (``soap_client.fetch``)."""

    def __call__(
        self, connector: Connector, poll: Poll, url: str, *, after: int, limit: int, timeout: float
    ) -> Page:
        """Answer documents in rising sequence after the cursor, or raise ``Unavailable``."""
        ...


@dataclass(frozen=True)
class Poller:
    """Reads one service of one ministry onto its intake exchange."""

    connector: Connector
    poll: Poll
    url: str
    settings: PollSettings
    database: Database
    publisher: Publisher
    observer: Observer
    fetch: Fetch
    clock: Callable[[], datetime]

    def read_page(self) -> bool:
        """Bring one page onto the bus; tell whether the service has more. A service that is
        announced to be down, or paused, is not asked.

        Raises ``Unavailable`` when service, broker or database do not answer, ``Stop`` when the
        ministry's exchange leads nowhere.
        """
        ministry, started = self.connector.name, time.monotonic()
        with self.database.transaction() as tx:
            if register.held(tx, ministry, self.clock()):
                return False
            after = cursor.read(tx, ministry, self.poll.name)
        page = self._fetch(after)
        if not page.items:
            return False
        last = page.items[-1].sequence
        self._publish(page)
        with self.database.transaction() as tx:
            cursor.save(tx, ministry, self.poll.name, last, self.clock())
        self.observer.count("poll_documents", len(page.items), ministry=ministry)
        self.observer.gauge("poll_cursor", last, ministry=ministry)
        self.observer.observe("poll_seconds", time.monotonic() - started, ministry=ministry)
        return page.more

    def close(self) -> None:
        """Release the connections."""
        self.publisher.close()
        self.database.close()

    def _fetch(self, after: int) -> Page:
        return self.fetch(
            self.connector,
            self.poll,
            self.url,
            after=after,
            limit=self.settings.page_size,
            timeout=float(self.settings.timeout_seconds),
        )

    def _publish(self, page: Page) -> None:
        try:
            self.publisher.publish([self._message(document) for document in page.items])
        except Unroutable as error:
            raise Stop(f"{error}; run `qovsaq topology declare`") from None

    def _message(self, document: Polled) -> Message:
        now = self.clock()
        return Message(
            exchange=keys.intake_exchange(self.connector.name),
            routing_key="live",
            body=document.document,
            message_id=document.message_id,
            content_type=self.poll.content_type,
            headers={PUBLISHED_AT: now.isoformat()},
            timestamp=now,
        )
