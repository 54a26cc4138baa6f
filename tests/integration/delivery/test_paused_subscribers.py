"""What is due to a subscriber that an operator has paused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.delivery import account
from hub.hop import Hop, Pace
from routing.memory import MemoryBus
from routing.observer import Unobserved
from routing.topology import topology
from tests.support.outbound_bench import OutboundBench, outbound_bench, person
from tests.support.outbound_work import QUEUES, handler, ids, publish

pytestmark = pytest.mark.database


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(topology(()), linger=0)


@pytest.fixture
def outbound(database_url: str, bus: MemoryBus) -> Iterator[OutboundBench]:
    with outbound_bench(database_url, bus) as made:
        bus.broker.declare(made.topology)
        yield made


def test_what_is_due_to_a_paused_subscriber_waits_in_the_store_and_leaves_afterwards(
    outbound: OutboundBench, bus: MemoryBus
) -> None:
    outbound.grant()
    paused = [True]
    worker = Hop(
        "delivery",
        bus.subscribe(QUEUES, prefetch=10),
        replace(handler(outbound, bus), paused=lambda: paused[0]),
        clock=outbound.clock,
        observer=Unobserved(),
        pace=Pace(wait_seconds=0, pause_seconds=0, longest_pause_seconds=0),
    )
    publish(bus, person(1), person(2), person(1, sequence=2))
    publish(bus, person(2))
    for _ in range(3):
        worker.step(threading.Event())
    assert ids(outbound) == []
    assert bus.depths(QUEUES) == dict.fromkeys(QUEUES, 0)
    assert set(outbound.states().values()) == {"retrying"}
    assert outbound.log() == [], "nothing was decided"
    outbound.clock.advance(48 * 3600)
    worker.step(threading.Event())
    (line,) = _accounts(outbound)
    assert (line.in_flight, line.parked, line.unaccounted) == (3, 0, 0)
    paused[0] = False
    worker.step(threading.Event())
    worker.close()
    assert sorted(ids(outbound)) == sorted({person(1).id, person(2).id, person(1, sequence=2).id})
    versions = [e["version"] for e in outbound.endpoint.events if e["subject"].endswith("0001")]
    assert versions == ["1", "2"]
    assert set(outbound.states().values()) == {"sent"}


def _accounts(outbound: OutboundBench) -> list[account.Line]:
    with outbound.database.transaction() as tx:
        return account.draw_up(
            tx,
            [outbound.subscriber],
            {},
            settle=timedelta(minutes=1),
            now=outbound.clock.now,
            anew=True,
        )


def test_a_revocation_reaches_what_waits_for_a_paused_subscriber(
    outbound: OutboundBench, bus: MemoryBus
) -> None:
    grant = outbound.grant()
    publish(bus, person(1))
    still = replace(handler(outbound, bus), paused=lambda: True)
    subscription = bus.subscribe(QUEUES, prefetch=10)
    still.handle(subscription.receive(10, 0), outbound.clock.now)
    outbound.revoke(grant)
    handler(outbound, bus).idle(outbound.clock.now)
    assert ids(outbound) == []
    assert set(outbound.states().values()) == {"withheld"}
