"""What is due to a subscriber that an operator has paused."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.delivery import account
from hub.hop import Hop, Pace
from routing.memory import MemoryBus
from routing.observer import Unobserved
from tests.support.outbound_bench import OutboundBench, person
from tests.support.outbound_work import QUEUES, handler, ids, publish

pytestmark = pytest.mark.database


def test_what_is_due_to_a_paused_subscriber_waits_in_the_store_and_leaves_afterwards(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    bench.grant()
    paused = [True]
    worker = Hop(
        "delivery",
        bus.subscribe(QUEUES, prefetch=10),
        replace(handler(bench, bus), paused=lambda: paused[0]),
        clock=bench.clock,
        observer=Unobserved(),
        pace=Pace(wait_seconds=0, pause_seconds=0, longest_pause_seconds=0),
    )
    publish(bus, person(1), person(2), person(1, sequence=2))
    publish(bus, person(2))
    for _ in range(3):
        worker.step(threading.Event())
    assert ids(bench) == []
    assert bus.depths(QUEUES) == dict.fromkeys(QUEUES, 0)
    assert set(bench.states().values()) == {"retrying"}
    assert bench.log() == [], "nothing was decided"
    bench.clock.advance(48 * 3600)
    worker.step(threading.Event())
    (line,) = _accounts(bench)
    assert (line.in_flight, line.parked, line.unaccounted) == (3, 0, 0)
    paused[0] = False
    worker.step(threading.Event())
    worker.close()
    assert sorted(ids(bench)) == sorted({person(1).id, person(2).id, person(1, sequence=2).id})
    versions = [e["version"] for e in bench.endpoint.events if e["subject"].endswith("0001")]
    assert versions == ["1", "2"]
    assert set(bench.states().values()) == {"sent"}


def _accounts(bench: OutboundBench) -> list[account.Line]:
    with bench.database.transaction() as tx:
        return account.draw_up(
            tx,
            [bench.subscriber],
            {},
            settle=timedelta(minutes=1),
            now=bench.clock.now,
            anew=True,
        )


def test_a_revocation_reaches_what_waits_for_a_paused_subscriber(
    bench: OutboundBench, bus: MemoryBus
) -> None:
    grant = bench.grant()
    publish(bus, person(1))
    still = replace(handler(bench, bus), paused=lambda: True)
    subscription = bus.subscribe(QUEUES, prefetch=10)
    still.handle(subscription.receive(10, 0), bench.clock.now)
    bench.revoke(grant)
    handler(bench, bus).idle(bench.clock.now)
    assert ids(bench) == []
    assert set(bench.states().values()) == {"withheld"}
