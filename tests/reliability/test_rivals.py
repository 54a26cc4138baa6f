"""Many at the same thing: publishers of the same message, writers and intakes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.bootstrap import Kind
from hub.simulator.account import Account
from hub.simulator.sent import Sent
from tests.reliability.stage import Stage

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]

REPEATED = 40


def shuffled(messages: Sequence[Sent], times: int, seed: int) -> list[Sent]:
    """The same messages so many times, in some order."""
    many = [sent for sent in messages for _ in range(times)]
    random.Random(seed).shuffle(many)
    return many


def test_the_same_messages_fifty_times_from_four_publishers_count_once(
    stage: Callable[..., Stage], seed: int, tmp_path: Path
) -> None:
    played = stage()
    repeats = Account(tmp_path / "repeats")
    unique = [sent for sent in played.traffic.messages if sent.fault is None][:REPEATED]
    with played.working(), ExitStack() as publishers:
        with played.sending():
            pass
        for number in range(4):
            order = shuffled(unique, 13, seed + number)
            publishers.enter_context(played.sending(order, repeats))
        publishers.close()
        played.come_to_rest()
    repeats.close()
    assert played.problems() == []
    (row,) = played.rows("SELECT max(arrivals) AS most FROM evidence.journal")
    assert row["most"] > 50


def test_two_intakes_and_two_writers_agree(stage: Callable[..., Stage]) -> None:
    played = stage(crew={Kind.INTAKE: 2, Kind.REGISTRY: 2, Kind.RELAY: 1})
    with played.under_load():
        pass
    assert played.problems() == []
