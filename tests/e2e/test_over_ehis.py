"""From a ministry to a subscriber over EHİS alone: in by the envelope, the registry, and out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import orjson
import pytest
import requests

from connectors._ehis.envelope import Exchange, make_envelope
from connectors._kit.discover import discover
from hub import bootstrap, outbound
from hub.bootstrap import Hub, Kind
from hub.crew import Worker
from hub.delivery import subscribers
from hub.delivery.subscriber import Subscriber
from hub.hop import Hop
from hub.settings import Settings
from routing.memory import MemoryBus
from routing.topology import topology
from schemas.errors import Stop
from tests.connectors.golden import RECEIVED_AT, golden
from tests.support.ehis_gateway import acknowledging, payload, taken_apart
from tests.support.endpoints import Endpoint, endpoint, hanging_up
from tests.support.http_site import listens
from tests.support.outbound_events import BODY, document
from tests.support.servers import free_port, wait_until
from tests.support.subscribed import enter

pytestmark = pytest.mark.database
SAMPLE = next(each for each in golden(discover()["interior"]) if "windows-1254" in str(each))
XML = {"Content-Type": "application/xml", "Accept": "application/xml"}
GATEWAY: dict[str, Any] = {"ehis": {"authentication": "none"}}
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
WISH = {"subscriber": BODY, "channel": "ehis", "service": "fund.persons", "records": ["person"]}
SENT = Exchange(
    correlation_id="c-2026-1",
    service_id="interior.persons",
    sender="interior",
    receiver="qovsaq",
    content_type=SAMPLE.raw.content_type,
    payload=SAMPLE.raw.body,
    message_id="m-1",
)


@dataclass
class Site:
    """A hub whose door takes envelopes, and the gateway that takes the hub's."""

    hub: Hub
    door: str
    gateway: Endpoint
    subscriber: Subscriber

    def work(self) -> None:
        """Let everybody work until nothing is left."""
        workers = [self.hub.worker(kind) for kind in (Kind.INTAKE, Kind.REGISTRY)]
        hops = [*workers, outbound.hop(self.hub, self.subscriber)]
        while any(isinstance(hop, Hop) and hop.step(threading.Event(), 0) for hop in hops):
            pass
        for hop in hops:
            assert isinstance(hop, Hop)
            hop.close()

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        database = self.hub.database("test")
        try:
            with database.transaction() as tx:
                return tx.rows(statement)
        finally:
            database.close()


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    bus, port = MemoryBus(topology(discover()), linger=0), free_port()
    with endpoint(acknowledging) as gateway:
        settings = Settings(
            senders=GATEWAY,
            http={"port": port},
            ehis={"url": gateway.url, "secrets": SECRET, "internal": True},
            ehis_only="interior",
            outbound={"ehis_only": BODY},
        )
        hub = bootstrap.build(
            settings, database_url=database_url, bus=bus, clock=lambda: RECEIVED_AT
        )
        (subscriber,) = enter(database_url, [(WISH, [document()])], RECEIVED_AT)
        bus.broker.declare(subscribers.topology_of(subscriber))
        with at_work(hub.worker(Kind.HTTP), lambda: listens(port)):
            yield Site(hub, f"http://127.0.0.1:{port}/ehis", gateway, subscriber)
    bus.close()


@contextmanager
def at_work(worker: Worker, ready: Callable[[], bool]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        wait_until(ready, 60, "the door")
        yield
    finally:
        stop.set()
        thread.join()


def losing_the_first_answer(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    (hanging_up if len(here.received) == 1 else acknowledging)(here, request)


def test_a_ministry_s_message_goes_through_the_registry_and_out_again(site: Site) -> None:
    answer = requests.post(site.door, make_envelope(SENT), headers=XML, timeout=60)
    assert answer.status_code == 202
    assert taken_apart(answer.content) == {"CorrelationId": "c-2026-1", "MessageId": "m-1"}
    site.gateway.behave = losing_the_first_answer
    site.work()

    (person,) = site.rows("SELECT channel, record_id FROM registry.person")
    assert person["channel"] == "ehis"

    first, again = map(taken_apart, site.gateway.bodies)
    assert first == again
    assert (first["From"], first["To"], first["ServiceId"]) == ("qovsaq", BODY, "fund.persons")
    (event,) = orjson.loads(payload(site.gateway.bodies[-1]))
    assert event["id"] == person["record_id"].hex
    assert event["data"]["familyName"] == "Şöhretov"

    (logged,) = site.rows("SELECT record_id, verdict, channel FROM outbound.disclosure")
    assert (logged["verdict"], logged["channel"]) == ("allowed", "ehis")
    assert logged["record_id"] == person["record_id"]
    assert site.hub.ledger().balanced
    (account,) = outbound.custody(site.hub)
    assert (account.due, account.delivered, account.unaccounted) == (1, 1, 0)


def test_who_is_served_over_ehis_only_is_served_no_other_way(site: Site) -> None:
    directly = Subscriber.of(site.subscriber.document().model_copy(update=DIRECTLY))
    with pytest.raises(Stop, match="pension-fund has the channel amqp"):
        outbound.hop(site.hub, directly)


DIRECTLY = {"channel": "amqp", "service": None}
