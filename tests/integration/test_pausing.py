"""Ministries and subscribers that an operator has paused: what comes meanwhile waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from connectors._ehis.envelope import Exchange, make_envelope
from connectors._kit.discover import discover
from connectors._kit.soap import SOAP_11
from hub import bootstrap
from hub.bootstrap import Kind
from hub.evidence.downtime import register
from hub.evidence.downtime.pauses import Pauses
from hub.evidence.downtime.register import DELIVERY, SERVICE, Paused, Window
from hub.hop import Hop
from hub.intake.holding import HoldingSubscription
from hub.settings import Settings
from hub.store.database import Database
from routing import control, keys
from routing.message import Message
from routing.rabbit import RabbitBus
from routing.topology import topology
from tests.integration.watch.test_watch import Post
from tests.support.http_site import OPEN, http_site
from tests.support.intake_bench import Bench, sample
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
PERSONS = sample("interior", "every-kind.in.xml")
BIRTH = sample("justice", "register-birth.in.xml")
SECONDS = 120
BOTH = Paused(frozenset({"labour"}), frozenset({"labour"}))


def hold(database: Database, bench: Any, component: str, name: str) -> None:
    window = Window(register.Kind.PAUSE, component, name, bench.now, None, "agreed")
    with database.transaction() as tx:
        register.pause(tx, window, "aysel", bench.now)


def let_go(database: Database, bench: Any, component: str, name: str) -> None:
    with database.transaction() as tx:
        assert register.resume(tx, component, name, "aysel", "done", bench.now)


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    database = Database(database_url)
    made = Bench(database, discover())
    yield made
    made.bus.close()
    database.close()


@pytest.fixture
def intake(bench: Bench, database_url: str) -> Iterator[Hop]:
    """The worker as it is built for production, on the bench's bus and clock."""
    bench.crash()
    hub = bootstrap.build(
        Settings(), database_url=database_url, bus=bench.bus, clock=lambda: bench.now
    )
    hop = hub.worker(Kind.INTAKE)
    assert isinstance(hop, Hop)
    yield hop
    hop.close()


def stepping(hop: Hop, until: Callable[[], bool], what: str) -> None:
    """Let a worker work until something holds."""

    def stepped() -> bool:
        while hop.step(threading.Event(), 0):
            pass
        return until()

    wait_until(stepped, SECONDS, what)


def depth(bench: Bench, queue: str) -> int:
    return bench.bus.depths([queue])[queue]


def test_nothing_is_taken_of_a_paused_ministry_and_everything_of_the_others(
    bench: Bench, intake: Hop
) -> None:
    hold(bench.database, bench, SERVICE, "labour")
    bench.send("interior", PERSONS, "before", content_type="text/xml")
    # A running worker has noticed once it takes nothing any more.
    sent = 0

    def left_alone() -> bool:
        nonlocal sent
        if depth(bench, "intake.labour.live"):
            return True
        sent += 1
        bench.send("labour", CONTRACT, f"m-{sent}")
        return False

    stepping(intake, left_alone, "the pause")
    bench.send("interior", PERSONS, "after", content_type="text/xml")
    bench.send("labour", CONTRACT, "bulk", routing_key="bulk")
    stepping(intake, lambda: depth(bench, "intake.interior.live") == 0, "the others")
    assert depth(bench, "intake.labour.live") == depth(bench, "intake.labour.bulk") == 1
    assert bench.ledger().balanced
    let_go(bench.database, bench, SERVICE, "labour")
    stepping(intake, lambda: depth(bench, "intake.labour.live") == 0, "the end of the pause")
    messages = {event.messageid for event in bench.canonical()}
    assert messages == {"before", "after", *(f"m-{number}" for number in range(1, sent + 1))}


@pytest.mark.broker
def test_on_rabbitmq_what_was_delivered_in_advance_goes_back_and_waits(clean_broker: str) -> None:
    control.declare(clean_broker, topology(["labour", "interior"]))
    queues = [keys.intake_queue(name, "live") for name in ("labour", "interior")]
    held: list[frozenset[str]] = [frozenset()]
    bus = RabbitBus(clean_broker)
    subscription = HoldingSubscription(
        queues, lambda: held[0], lambda wanted: bus.subscribe(wanted, prefetch=10)
    )
    got: list[str] = []

    def receive(most: int = 10) -> bool:
        taken = subscription.receive(most, 0.2)
        subscription.ack(taken)
        got.extend(delivery.message_id for delivery in taken)
        return len(got) == 3

    def send(name: str, *messages: str) -> None:
        values = ("live", b"", "", "application/json")
        made = [replace(Message(f"intake.{name}", *values), message_id=m) for m in messages]
        bus.publisher().publish(made)

    send("labour", "l-1", "l-2", "l-3")
    wait_until(lambda: bool(receive(1) or got), SECONDS, "a first message")
    held[0] = frozenset({"intake.labour.live"})
    send("interior", "i-1", "i-2")
    wait_until(receive, SECONDS, "those of the other ministry")
    assert got == ["l-1", "i-1", "i-2"]
    wait_until(lambda: bus.depths(queues)["intake.labour.live"] == 2, SECONDS, "what waits")
    held[0] = frozenset()
    got.clear()
    send("labour", "l-4")
    wait_until(receive, SECONDS, "the end of the pause")
    assert sorted(got) == ["l-2", "l-3", "l-4"]
    bus.close()


def test_a_pause_outlives_the_worker(bench: Bench, database_url: str) -> None:
    hold(bench.database, bench, SERVICE, "labour")
    bench.crash()
    hub = bootstrap.build(
        Settings(), database_url=database_url, bus=bench.bus, clock=lambda: bench.now
    )
    hop = hub.worker(Kind.INTAKE)
    assert isinstance(hop, Hop)
    bench.send("labour", CONTRACT)
    assert hop.step(threading.Event(), 0) == 0
    hop.close()
    assert depth(bench, "intake.labour.live") == 1


def test_what_is_known_of_pauses_holds_while_the_database_does_not_answer(
    database_url: str, bench: Bench
) -> None:
    moments = iter((0.0, 1.0, 2.0, 4.0))
    pauses = Pauses(bench.database, lambda: bench.now, monotonic=lambda: next(moments))
    assert pauses.now() == Paused()
    hold(bench.database, bench, SERVICE, "labour")
    hold(bench.database, bench, DELIVERY, "labour")
    assert pauses.now() == Paused(), "asked again within two seconds"
    assert pauses.now() == BOTH
    gone = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    pauses.database = gone
    assert pauses.now() == BOTH


def test_the_door_asks_a_paused_ministry_to_come_later(bench: Bench, database_url: str) -> None:
    hold(bench.database, bench, SERVICE, "labour")
    hold(bench.database, bench, SERVICE, "justice")
    gateway = {**OPEN, "ehis": {"authentication": "none"}}
    with http_site(bench, database_url, senders=gateway) as site:
        answers = [
            site.post("/intake/labour", CONTRACT, "application/json"),
            site.post("/intake/labour/documents", CONTRACT, "application/json"),
            site.post("/ehis", make_envelope(_over_ehis()), "application/xml"),
        ]
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
            assert answer.json()["type"].endswith(":paused")
        fault = site.post("/intake/justice", BIRTH, "text/xml")
        assert (fault.status_code, fault.headers["Retry-After"]) == (503, "60")
        assert etree.fromstring(fault.content).find(f".//{{{SOAP_11}}}Fault") is not None
        assert site.post("/intake/interior", PERSONS, "text/xml").status_code == 200
        assert site.get("/intake/labour/notices").status_code == 200
        let_go(bench.database, bench, SERVICE, "labour")
        wait_until(
            lambda: site.post("/intake/labour", CONTRACT, "application/json").status_code == 202,
            SECONDS,
            "the end of the pause",
        )
    assert depth(bench, "intake.justice.live") == 0


def _over_ehis() -> Exchange:
    return Exchange(
        correlation_id="c-1",
        service_id="labour.contracts",
        sender="labour",
        receiver="qovsaq",
        content_type="application/json",
        payload=CONTRACT,
        message_id="m-1",
    )


def test_alerts_are_told_of_a_pause_and_of_its_end(bench: Bench, database_url: str) -> None:
    post = Post(bench, database_url)
    watch = post.watch()
    line = 'planned_downtime_until{component="service",source="labour"}'
    hold(bench.database, bench, SERVICE, "labour")
    watch.step(bench.now)
    assert post.tells(f"{line} +Inf")
    let_go(bench.database, bench, SERVICE, "labour")
    bench.later(minutes=1)
    watch.step(bench.now)
    assert not post.tells(f"{line} +Inf")
    (told,) = [x for x in post.metrics.expose().decode().splitlines() if line in x]
    assert float(told.rpartition(" ")[2]) <= bench.now.timestamp()


def test_pauses_of_subscribers_do_not_stop_polls(bench: Bench) -> None:
    hold(bench.database, bench, DELIVERY, "justice")
    with bench.database.transaction() as tx:
        assert not register.held(tx, "justice", bench.now)
        assert register.paused(tx, bench.now).subscribers == {"justice"}
