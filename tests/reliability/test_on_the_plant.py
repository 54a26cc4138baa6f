"""Faults that need no server of their own: the broker in this process obeys at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors._kit.contract import Item, RawMessage, Rules
from hub.registry.handler import RegistryHandler
from hub.simulator.stream import stream
from routing import keys
from schemas.envelope import Event
from schemas.errors import Parked, Stop
from tests.reliability.fuse import Fuse
from tests.reliability.plant import NOW, Plant, Yard
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.reliability, pytest.mark.database, pytest.mark.no_cover]

NEVER = 1_000_000
START = NOW - timedelta(days=1)
DEAD = keys.dead_queue(keys.writer_queue("live"))


@pytest.fixture(
    params=[
        pytest.param(60, id="short"),
        pytest.param(5_000, id="full", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ]
)
def yard(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    template_database: str,
    tmp_path: Path,
    seed: int,
) -> Yard:
    """Messages with many faults among them, and the registry they must lead to."""
    messages = list(stream(request.param, seed + 4, 0.15, (), START))
    return Yard(postgres, template_database, messages, (), tmp_path).expecting(messages)


def test_clocks_that_jump_change_nothing(
    yard: Yard, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(
        Plant, "now", lambda plant: NOW + timedelta(seconds=chance.randrange(-7_200, 7_200))
    )
    assert yard.problems(Fuse(NEVER)) == []


def test_a_ministry_that_fails_altogether_leaves_the_others_alone(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(raw: RawMessage, rules: Rules) -> Iterator[Item]:
        raise RuntimeError("a defect")

    def with_broken(plant: Plant) -> None:
        plant.connectors["labour"] = replace(plant.connectors["labour"], normalize=broken)

    monkeypatch.setattr(Plant, "prepare", with_broken)
    of_labour = {sent.message_key for sent in yard.messages if sent.ministry == "labour"}
    assert of_labour
    problems = yard.problems(Fuse(NEVER))
    told = [problem for problem in problems if problem.startswith("labour ")]
    assert told
    assert {problem.split()[1] for problem in told} <= of_labour
    assert any("found parked" in problem for problem in told)
    assert not any("found received" in problem for problem in told)
    assert [p.split()[1:] for p in problems if p not in told] == [
        ["dead", "letters,", "not", "0"],
        ["registry", "differs", "from", "the", "undisturbed", "run"],
    ]


def test_a_dead_queue_deleted_while_running_stops_the_hop_and_loses_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = RegistryHandler._write
    chosen: list[str] = []

    def refuse_one(handler: RegistryHandler, events: list[Event], now: object) -> None:
        chosen.extend(event.id for event in events[:1] if not chosen)
        if any(event.id in chosen for event in events):
            raise Parked("two-fins", "needs a decision")
        write(handler, events, now)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(RegistryHandler, "_write", refuse_one)
    with yard.run(Fuse(NEVER)) as run:
        run.plant.bus.broker.delete_queue(DEAD)
        with pytest.raises(Stop, match="nowhere to put"):
            run.plant.work()
        run.plant.lay_out_again()
        run.plant.work()
        problems = run.problems()
    assert [p.partition(":")[2] for p in problems if ": expected accepted" in p] == [
        " expected accepted, found parked"
    ]
    assert "1 dead letters, not 0" in problems
    assert not [problem for problem in problems if "in flight" in problem]
