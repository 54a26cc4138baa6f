"""Revoking while a subscriber reads: after the commit it receives nothing more, on RabbitMQ.

The subscriber is a user of the broker as in operation, made and restricted by the hub itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from hub.broker_control import BrokerControl
from hub.delivery.administration import RabbitmqCtl
from hub.delivery.amqp import QueueSender
from hub.delivery.recall import SEEN
from hub.delivery.subscriber import Channel
from routing import control, keys
from routing.rabbit import RabbitBus
from routing.topology import topology
from tests.support.outbound_bench import (
    BODY,
    due,
    outbound_bench,
    paper,
    person,
)
from tests.support.outbound_plant import QUEUE, Plant, Reader, may_read, may_read_ids
from tests.support.rabbitmq import Broker, patient
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.database,
]
PASSWORD = "secret"
SIZES = [
    pytest.param(2_000, id="2,000"),
    pytest.param(50_000, id="50,000", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
]


@dataclass(frozen=True)
class Place:
    """A virtual host with one subscriber's user in it."""

    ctl: RabbitmqCtl
    url: str
    reader_url: str


@pytest.fixture(scope="module")
def place(broker: Broker) -> Iterator[Place]:
    vhost = f"qovsaq_test_{uuid.uuid4().hex[:12]}"
    with broker.vhost(vhost) as url:
        ctl = RabbitmqCtl(BrokerControl(broker.administration.command, vhost), f"{vhost}.")
        ctl.introduce(BODY, PASSWORD)
        yield Place(ctl, url, url.replace("guest:guest", f"{vhost}.{BODY}:{PASSWORD}"))
        broker.administration.run("delete_user", f"{vhost}.{BODY}")


@pytest.fixture
def plant(place: Place, broker: Broker, database_url: str) -> Iterator[Plant]:
    bus = RabbitBus(place.url)
    with outbound_bench(database_url, bus, channel=Channel.AMQP, administration=place.ctl) as bench:
        layout = topology(()) + bench.topology
        control.delete(place.url, bench.topology)
        control.declare(place.url, layout)
        place.ctl.control.permit(f"{place.ctl.prefix}{BODY}")
        yield Plant(bench, bus, place.url, place.reader_url)
        bus.close()


def accounted(plant: Plant, read: Sequence[str], total: int) -> dict[str, int]:
    """Count what became of the records, and check that every set fits every other."""
    states = plant.bench.states()
    assert len(states) == total
    by_state: dict[str, set[str]] = {}
    for record_id, state in states.items():
        by_state.setdefault(state, set()).add(record_id)
    # What was read and not yet acknowledged when the connection went comes back, and is marked.
    marked = plant.bench.rows("SELECT record_id FROM outbound.disclosure WHERE missing = %s", SEEN)
    assert by_state["sent"] <= set(read)
    assert set(read) - by_state["sent"] <= {row["record_id"].hex for row in marked}
    logged = plant.bench.rows("SELECT record_id, verdict FROM outbound.disclosure")
    said: dict[str, set[str]] = {}
    for row in logged:
        said.setdefault(row["verdict"], set()).add(row["record_id"].hex)
    assert said["allowed"] == by_state["sent"] | by_state.get("recalled", set())
    assert said.get("recalled", set()) == by_state.get("recalled", set())
    assert said.get("withheld", set()) == by_state.get("withheld", set())
    return {state: len(ids) for state, ids in by_state.items()}


@pytest.mark.parametrize("size", SIZES)
def test_a_revocation_in_the_middle_of_a_backlog(plant: Plant, size: int) -> None:
    bench = plant.bench
    grant = bench.grant()
    plant.fill([person(number) for number in range(size)])
    reader = Reader(plant.reader_url)
    with plant.at_work():
        reader.start()
        wait_until(lambda: len(reader.read) >= size // 10, 120, "the subscriber reading")
        bench.revoke(grant)
        read = list(reader.read)
        assert not may_read(plant.reader_url)
        wait_until(lambda: len(bench.states()) == size, 600, "the backlog at its end")
    reader.join(30)
    assert reader.thrown_out is not None
    assert reader.read == read
    found = accounted(plant, read, size)
    assert found["withheld"] > 0
    assert plant.bus.depths([QUEUE]) == {QUEUE: 0}


@pytest.mark.parametrize("size", SIZES)
def test_a_revocation_with_everything_waiting_in_the_subscribers_queue(
    plant: Plant, size: int
) -> None:
    bench = plant.bench
    grant = bench.grant()
    plant.fill([person(number) for number in range(size)])
    with plant.at_work():
        wait_until(lambda: not plant.waiting(), 600, "everything past the gate")
        wait_until(lambda: bench.delivered() == size, 60, "everything in the subscriber's queue")
    reader = Reader(plant.reader_url, messages=2)
    reader.start()
    wait_until(lambda: len(reader.read) == 500, 60, "the subscriber reading")
    bench.revoke(grant)
    read = list(reader.read)
    assert not may_read(plant.reader_url)
    reader.join(30)
    assert reader.read == read
    found = accounted(plant, read, size)
    assert found["recalled"] >= size - 500
    assert plant.bus.depths([QUEUE]) == {QUEUE: 0}


def test_what_waits_under_another_grant_stays_in_its_order(plant: Plant) -> None:
    bench = plant.bench
    persons = bench.grant()
    other = bench.grant(
        grant="acts", category="4.1.2", records=["identity_document"], level="records", fields={}
    )
    sender = QueueSender(plant.bus.publisher())
    worker = bench.dispatcher(sender)
    documents = [paper(number) for number in range(6)]
    for number, document in enumerate(documents):
        worker.dispatch(due(person(number)))
        worker.dispatch(due(document))
    bench.revoke(persons)
    assert may_read_ids(plant) == [each.id for each in documents]
    states = bench.states()
    assert {states[each.id] for each in documents} == {"sent"}
    assert sum(state == "recalled" for state in states.values()) == 6
    assert other


def test_a_suspension_closes_the_queue_and_lifting_it_opens_it_again(plant: Plant) -> None:
    bench = plant.bench
    assert not may_read(plant.reader_url)
    grant = bench.grant()
    assert may_read(plant.reader_url)
    worker = bench.dispatcher(QueueSender(plant.bus.publisher()))
    worker.dispatch(due(person(1)))
    bench.suspend(grant)
    assert not may_read(plant.reader_url)
    assert bench.lift(grant) == {"withheld": 0, "recalled": 1}
    worker.dispatch(due(person(1)))
    assert may_read_ids(plant) == [person(1).id]
    assert [verdict for verdict, _ in bench.log()] == ["allowed", "recalled", "allowed"]


def test_the_end_of_a_grant_closes_the_queue(plant: Plant) -> None:
    bench = plant.bench
    bench.grant(validUntil="2026-03-02T09:00:00Z")
    bench.dispatcher(QueueSender(plant.bus.publisher())).dispatch(due(person(1)))
    bench.clock.advance(3600)
    bench.governance().keep_watch()
    assert not may_read(plant.reader_url)
    assert bench.log()[-1] == ("recalled", "grant-expired")


def test_a_subscriber_reads_its_own_queue_and_does_nothing_else(plant: Plant) -> None:
    plant.bench.grant()
    names = [queue.name for queue in (topology(()) + plant.bench.topology).queues]

    def refused(method: str, *arguments: Any) -> bool:
        connection = pika.BlockingConnection(patient(plant.reader_url))
        try:
            getattr(connection.channel(), method)(*arguments)
        except ChannelClosedByBroker as error:
            return bool(error.reply_code == 403)
        finally:
            if connection.is_open:
                connection.close()
        return False

    assert [name for name in names if not refused("basic_get", name)] == [QUEUE]
    assert refused("queue_declare", "mine")
    assert refused("queue_delete", QUEUE)
    assert refused("queue_bind", QUEUE, keys.CANONICAL, "#")
