"""Processes that are asked to stop under load, and one that a message kills."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from hub.bootstrap import Kind
from hub.hop import Pace
from routing import keys
from routing.message import Message
from tests.reliability.deadly import MINISTRY, POISON
from tests.reliability.stage import CREW, Stage
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]

GRACE_SECONDS = 20
DEATHS = 1 + Pace().crashes
DEADLY = ("-m", "tests.reliability.deadly")


def test_stopping_under_load_is_clean_and_loses_nothing(stage: Callable[..., Stage]) -> None:
    played = stage(crew={Kind.RELAY: 1})
    processes = [played.process(Kind.INTAKE), played.process(Kind.REGISTRY)]
    with played.working(), played.sending():
        for share in (0.1, 0.5):
            for process in processes:
                process.start()
            try:
                wait_until(lambda: all(process.ready for process in processes), 120, "processes")
                played.wait_for(share)
            finally:
                asked = time.monotonic()
                statuses = [process.stop() for process in processes]
            assert statuses == [0, 0]
            assert time.monotonic() - asked < GRACE_SECONDS
    played.crew = CREW
    with played.working():
        played.come_to_rest()
    assert played.problems() == []
    assert played.attempts() == 0


def test_poison_among_a_hundred_is_parked_and_its_neighbours_go_through(
    stage: Callable[..., Stage],
) -> None:
    played = stage(crew={Kind.REGISTRY: 1, Kind.RELAY: 1}, dead=1)
    neighbours = [s for s in played.traffic.messages if s.ministry == MINISTRY]
    others = [s for s in played.traffic.messages if s.ministry != MINISTRY]
    intake = played.process(Kind.INTAKE, DEADLY)
    poison = Message(keys.intake_exchange(MINISTRY), "live", POISON, "poison", "application/json")
    starts = 0
    with played.working() as hub:
        with played.sending(neighbours[:50]):
            pass
        hub.bus.publisher().publish([poison])
        with played.sending(neighbours[50:]):
            pass
        with played.sending(others):
            pass
        dead = f"dead.intake.{MINISTRY}.live"

        def parked() -> bool:
            nonlocal starts
            if not intake.running:
                starts += 1
                intake.start()
            return played.ended.is_set() or hub.bus.depths([dead])[dead] == 1

        try:
            wait_until(parked, 240, "parked poison")
            played.come_to_rest()
        finally:
            status = intake.stop()
    assert status == 0
    assert [p for p in played.problems() if " poison " not in p] == []
    assert starts == 1 + DEATHS
