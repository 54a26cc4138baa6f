"""A crash before and after every effect, one at a time: the end is always the same.

The places are not listed by hand. A fuse counts every transaction, publish and acknowledgement
of intake, writer, relay, desk, replay, outage log and custodian, and burns at the n-th; n runs
until a run ends without burning. The short form goes on by longer steps, drawn from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import pytest

from hub.simulator.sent import Sent
from tests.reliability.fuse import Fuse
from tests.reliability.plant import Yard
from tests.reliability.whole_plant import LastFuse, WholePlant, shortcomings

pytestmark = [pytest.mark.reliability, pytest.mark.database, pytest.mark.no_cover]

COMMIT = ("before begin", "before commit", "after commit")


def of_every_kind(messages: Sequence[Sent], count: int) -> list[Sent]:
    """The first messages, so many, one of which is refused whatever the seed: somebody is told."""
    first = list(messages[:count])
    if not any(_refused(sent) for sent in first):
        first[-1] = next(sent for sent in messages if _refused(sent) and not sent.again)
    return first


def _refused(sent: Sent) -> bool:
    return any(each.rule for each in sent.expected)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("messages", "longest_step"),
    [
        pytest.param(12, 20, id="some places"),
        pytest.param(60, 1, id="every place", marks=pytest.mark.slow),
    ],
)
def test_a_crash_at_any_place_changes_nothing(
    yard: Yard, messages: int, longest_step: int, seed: int
) -> None:
    yard = yard.expecting(of_every_kind(yard.messages, messages))
    place, seen, chance = 1, set(), random.Random(seed)
    while True:
        fuse = Fuse(burns_at=place)
        assert yard.problems(fuse, thief=True) == [], fuse.places
        if not fuse.burnt:
            break
        seen.update(fuse.places)
        place += chance.randint(1, longest_step)
    assert place > 50
    if longest_step == 1:
        works = {f"{name} {when}" for name in ("intake", "registry", "relay") for when in COMMIT}
        assert seen >= works | {"before publish", "after publish", "before ack", "after ack"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("messages", "longest_step"),
    [
        pytest.param(12, 40, id="some places"),
        pytest.param(60, 1, id="every place", marks=pytest.mark.slow),
    ],
)
def test_a_crash_at_any_place_of_the_whole_hub_changes_nothing(
    yard: Yard, messages: int, longest_step: int, seed: int
) -> None:
    yard = yard.expecting(of_every_kind(yard.messages, messages))
    place, seen, chance = 1, set[str](), random.Random(seed)
    while True:
        fuse = LastFuse(burns_at=place)
        with yard.run(fuse, make=partial(WholePlant, fuse=fuse)) as run:
            run.plant.work()
            assert run.problems() + shortcomings(run.url) == [], fuse.places
        if not fuse.burnt:
            break
        seen.update(place.split()[0] for place in fuse.places)
        place += chance.randint(1, longest_step)
    assert place > 100
    if longest_step == 1:
        others = {"desk", "replay", "outages", "custody"}
        assert seen == {"intake", "registry", "relay", "before", "after"} | others
