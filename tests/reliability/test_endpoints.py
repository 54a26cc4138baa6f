"""Endpoints dead, slow, flapping and hostile: the others do not notice, and nothing is lost.

Real HTTP on loopback, a real database, and each subscriber's worker as ``run delivery`` builds it.
The measure is against the same seven subscribers with all endpoints well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import cycle

import orjson
import pytest
import structlog

from hub import bootstrap, outbound
from hub.bootstrap import Hub
from hub.delivery import subscribers
from hub.delivery.account import Line as Account
from hub.delivery.subscriber import Subscriber
from hub.intake.publishing import canonical_messages
from hub.settings import Settings
from routing.memory import MemoryBus
from routing.topology import topology
from tests.support.endpoints import (
    Behaviour,
    Endpoint,
    answering,
    dripping_body,
    dripping_head,
    endless_body,
    endpoint,
    hanging_up,
    silent,
)
from tests.support.outbound_bench import START, document, person
from tests.support.servers import free_port, wait_until
from tests.support.subscribed import enter, working

_log = structlog.get_logger()
pytestmark = [
    pytest.mark.reliability,
    pytest.mark.database,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

WELL, BAD = ("well-1", "well-2", "well-3"), ("dead", "slow", "flapping", "hostile")
RECORDS = 600
FINE = answering(200)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


def taking_turns(*behaviours: Behaviour) -> Behaviour:
    turns = cycle(behaviours)

    def behave(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
        next(turns)(here, request)

    return behave


MISCHIEF: Mapping[str, Behaviour] = {
    "slow": silent,
    "flapping": taking_turns(answering(503), FINE, hanging_up, answering(429, Retry_After="1")),
    "hostile": taking_turns(
        answering(307, Location="http://127.0.0.1:1/"),
        endless_body,
        answering(200, b"x" * 20_000_000),
        dripping_head,
        dripping_body,
    ),
}


@dataclass
class Site:
    """Seven subscribers with their endpoints; the dead one's may be absent."""

    hub: Hub
    endpoints: dict[str, Endpoint]
    ports: Mapping[str, int]
    published: int = 0
    _listening: dict[str, ExitStack] = field(default_factory=dict)

    def listen(self, name: str) -> None:
        """Start the endpoint of a subscriber, well."""
        self._listening[name] = ExitStack()
        opened = self._listening[name].enter_context(endpoint(FINE, port=self.ports[name]))
        before = self.endpoints.get(name)
        opened.received.extend(before.received if before else ())
        self.endpoints[name] = opened

    def kill(self, name: str) -> None:
        """Let nobody listen where the endpoint was."""
        self._listening.pop(name).close()

    def misbehave(self) -> None:
        self.kill("dead")
        for name, behaviour in MISCHIEF.items():
            self.endpoints[name].behave = behaviour

    def mend(self) -> None:
        self.listen("dead")
        for name in MISCHIEF:
            self.endpoints[name].behave = FINE

    def close(self) -> None:
        for name in list(self._listening):
            self.kill(name)

    def received(self, name: str) -> set[str]:
        return {each["id"] for body in self.endpoints[name].bodies for each in orjson.loads(body)}

    def publish(self) -> None:
        """Publish records to all, a few in each message."""
        first = self.published + 1
        self.published += RECORDS
        events = [("live", person(number)) for number in range(first, self.published + 1)]
        publisher = self.hub.bus.publisher()
        publisher.publish(canonical_messages(events, START, most=5))
        publisher.close()

    def seconds_until_well_have_all(self) -> float:
        """Publish, and tell how long the well endpoints take to have everything."""
        begun = time.monotonic()
        self.publish()
        wait_until(self._well_have_all, 120, "the well endpoints")
        return time.monotonic() - begun

    def _well_have_all(self) -> bool:
        return all(len(self.received(name)) == self.published for name in WELL)

    def accounts(self) -> dict[str, Account]:
        return {line.subscriber: line for line in outbound.custody(self.hub, anew=True)}

    def at_rest(self) -> bool:
        lines = self.accounts().values()
        return all(line.delivered + line.parked == self.published for line in lines)


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    ports = {name: free_port() for name in (*WELL, *BAD)}
    bus = MemoryBus(topology(()), linger=0)
    speaking = {
        "secrets": SECRET,
        "internal": True,
        "connect_seconds": 1,
        "read_seconds": 1,
        "total_seconds": 2,
    }
    settings = Settings(endpoints=dict.fromkeys(ports, speaking), retry_rungs="1s,1s,1s")
    hub = bootstrap.build(settings, database_url=database_url, bus=bus, connectors={})
    made = Site(hub, {}, ports)
    with ExitStack() as stack:
        stack.callback(bus.close)
        stack.callback(made.close)
        for name in ports:
            made.listen(name)
        for subscriber in entered(database_url, ports):
            bus.broker.declare(subscribers.topology_of(subscriber))
            stack.enter_context(working(hub, subscriber))
        yield made


def entered(database_url: str, ports: Mapping[str, int]) -> list[Subscriber]:
    """Enter subscribers, each with a grant for persons in force."""
    bodies = [
        (
            {
                "subscriber": name,
                "channel": "webhook",
                "endpoint": f"http://127.0.0.1:{port}/in",
                "records": ["person"],
            },
            [document(grant=f"{name}-persons", subscriber=name)],
        )
        for name, port in ports.items()
    ]
    return enter(database_url, bodies, bootstrap.utc_now())


def test_bad_endpoints_slow_down_nobody_and_lose_nothing(site: Site) -> None:
    well, bad = [], []
    site.seconds_until_well_have_all()  # connections, plans and caches are warm from here on
    for _ in range(3):
        wait_until(site.at_rest, 120, "everything delivered")
        well.append(site.seconds_until_well_have_all())
        wait_until(site.at_rest, 120, "everything delivered")
        site.misbehave()
        bad.append(site.seconds_until_well_have_all())
        behind = site.accounts()
        assert all(behind[name].delivered < site.published for name in ("dead", "slow"))
        site.mend()
    wait_until(site.at_rest, 180, "what waited delivered")
    _log.info("measured", seconds_all_well=well, seconds_four_bad=bad)
    for name, line in site.accounts().items():
        assert line.due == line.delivered + line.parked == site.published, name
        assert (line.unaccounted, line.withheld, line.held) == (0, 0, 0)
        assert len(site.received(name)) >= line.delivered, name
        assert line.parked == 0 or name == "hostile"
    assert min(bad) < 1.5 * min(well), (well, bad)
