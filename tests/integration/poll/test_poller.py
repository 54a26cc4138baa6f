"""Polling both services: everything arrives, and a crash at the worst moment costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from connectors._kit import soap_client
from connectors._kit.discover import discover
from hub.metrics import Metrics
from hub.poll import cursor
from hub.poll.poller import Poller
from hub.poll.worker import PollWorker
from hub.sections import PollSettings
from hub.simulator.soap_services import PollServer, PollService
from hub.simulator.stream import Stream, stream
from hub.store.database import Database
from routing.bus import Unroutable
from routing.message import PUBLISHED_AT, Message
from schemas.errors import Stop, Unavailable

pytestmark = pytest.mark.database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
DOCUMENTS = 25


@dataclass
class Bus:
    """Keeps what was published; fails as often as told."""

    messages: list[Message] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    closed: bool = False

    def publish(self, messages: Sequence[Message]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.messages += messages

    def close(self) -> None:
        self.closed = True

    @property
    def ids(self) -> list[str]:
        return [message.message_id for message in self.messages]


@dataclass
class Service:
    """A polled service, what it has to tell, and a poller of it."""

    told: Stream
    poller: Poller
    bus: Bus
    metrics: Metrics

    @property
    def ids(self) -> list[str]:
        return [sent.message.message_id for sent in self.told]

    def read_all(self) -> None:
        while self.poller.read_page():
            pass

    def reached(self) -> int:
        with self.poller.database.transaction() as tx:
            return cursor.read(tx, self.poller.connector.name, self.poller.poll.name)


@contextmanager
def serving(ministry: str, database_url: str, faults: float = 0.0) -> Iterator[Service]:
    told = stream(DOCUMENTS, 7, 0.2, (ministry,), START, polled=True)
    connector = discover()[ministry]
    bus, metrics = Bus(), Metrics()
    with PollServer({ministry: PollService(ministry, told, faults=faults)}) as server:
        url = server.url(ministry)
        poller = Poller(
            connector=connector,
            poll=connector.polls[0],
            url=url,
            settings=PollSettings(url=SecretStr(url), page_size=10, interval_seconds=1),
            database=Database(database_url),
            publisher=bus,
            observer=metrics,
            fetch=soap_client.fetch,
            clock=lambda: NOW,
        )
        try:
            yield Service(told, poller, bus, metrics)
        finally:
            poller.close()


@pytest.mark.parametrize("ministry", ["interior", "justice"])
def test_every_document_arrives_in_order_as_the_ministry_would_have_pushed_it(
    database_url: str, ministry: str
) -> None:
    with serving(ministry, database_url) as service:
        service.read_all()
        assert service.bus.ids == service.ids
        assert service.reached() == DOCUMENTS
        pushed = [sent.message for sent in service.told]
        for got, wanted in zip(service.bus.messages, pushed, strict=True):
            assert (got.exchange, got.routing_key) == (f"intake.{ministry}", "live")
            assert (got.body, got.content_type) == (wanted.body, "text/xml")
            assert got.headers == {PUBLISHED_AT: NOW.isoformat()}
        exposed = service.metrics.expose().decode()
        assert f'qovsaq_poll_documents_total{{ministry="{ministry}"}} {DOCUMENTS}.0' in exposed


def test_passing_faults_of_the_service_are_overcome(database_url: str) -> None:
    with serving("justice", database_url, faults=0.5) as service:
        service.read_all()
        assert service.bus.ids == service.ids


def test_a_crash_between_publish_and_cursor_republishes_under_the_same_ids(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for the end of the process: nothing may catch it."""

    def die(*_: object) -> None:
        raise Killed

    with serving("justice", database_url) as service:
        service.poller.read_page()
        with monkeypatch.context() as crashing:
            crashing.setattr(cursor, "save", die)
            with pytest.raises(Killed):
                service.poller.read_page()
        assert service.bus.ids == service.ids[:20]
        assert service.reached() == 10

        service.read_all()

        assert service.bus.ids == service.ids[:20] + service.ids[10:]
        first, again = service.bus.messages[10:20], service.bus.messages[20:30]
        assert [message.body for message in first] == [message.body for message in again]
        assert service.reached() == DOCUMENTS


def test_the_cursor_stays_where_it_was_while_the_bus_does_not_confirm(database_url: str) -> None:
    with serving("justice", database_url) as service:
        service.bus.failures.append(Unavailable("broker: not confirmed"))
        with pytest.raises(Unavailable):
            service.poller.read_page()
        assert service.reached() == 0
        service.read_all()
        assert service.bus.ids == service.ids


def test_an_exchange_that_leads_nowhere_stops_the_process_with_the_remedy(
    database_url: str,
) -> None:
    with serving("justice", database_url) as service:
        service.bus.failures.append(Unroutable("intake.justice", "live"))
        with pytest.raises(Stop, match="qovsaq topology declare"):
            service.poller.read_page()


def test_two_pollers_of_one_service_never_move_the_cursor_back(database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as tx:
        cursor.save(tx, "justice", "notifications", 20, NOW)
        cursor.save(tx, "justice", "notifications", 10, NOW)
        assert cursor.read(tx, "justice", "notifications") == 20
        assert cursor.read(tx, "interior", "notifications") == 0
    database.close()


def test_the_worker_polls_until_told_to_stop_and_outlives_an_outage(database_url: str) -> None:
    stop = threading.Event()

    def clock() -> datetime:
        if len(service.bus.messages) >= DOCUMENTS:
            stop.set()
        return NOW

    with serving("justice", database_url) as service:
        service.bus.failures.append(Unavailable("broker: not confirmed"))
        PollWorker([replace(service.poller, clock=clock)]).run(stop)
        assert service.bus.ids == service.ids
        assert service.bus.closed
        assert b'qovsaq_poll_failures_total{ministry="justice"} 1.0' in service.metrics.expose()
