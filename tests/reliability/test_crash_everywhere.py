"""A crash before and after every effect, one at a time: the end is always the same.

The places are not listed by hand. A fuse counts every transaction, publish and acknowledgement
of intake, writer and relay, and burns at the n-th; n runs until a run ends without burning. The
short form goes on by steps of one to three, which are the same in each run.
"""

from __future__ import annotations

import random

import pytest

from tests.reliability.plant import Fuse, Yard

pytestmark = [pytest.mark.reliability, pytest.mark.database]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("messages", "longest_step"),
    [
        pytest.param(12, 3, id="many places"),
        pytest.param(60, 1, id="every place", marks=pytest.mark.slow),
    ],
)
def test_a_crash_at_any_place_changes_nothing(yard: Yard, messages: int, longest_step: int) -> None:
    yard = yard.expecting(yard.messages[:messages])
    place, seen, chance = 1, set(), random.Random(2)
    while True:
        fuse = Fuse(burns_at=place)
        assert yard.problems(fuse, thief=True) == [], fuse.places
        if not fuse.burnt:
            break
        seen.update(fuse.places)
        place += chance.randint(1, longest_step)
    assert place > 50
    assert {
        "intake before commit",
        "intake after commit",
        "registry before commit",
        "registry after commit",
        "relay before commit",
        "relay after commit",
        "before publish",
        "after publish",
        "before ack",
        "after ack",
    } <= seen
