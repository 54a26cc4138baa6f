"""No basis, no data: whatever happens in whatever order, and wherever a process dies.

Grants are approved, amended, suspended, lifted, revoked and end; records come, come again and come
late; the endpoint fails; the worker, the watch and the operators' commands die between any two
effects. At every send and every read it is asked of the tables whether that may be.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hub.delivery.sender import Postponed
from schemas.errors import Parked, Unavailable
from tests.reliability.outbound_world import World
from tests.support.outbound_bench import outbound_bench

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.database,
    pytest.mark.no_cover,
    pytest.mark.timeout(1800),
]

NUMBERS = itertools.count(1)
crashes = st.just(0) | st.just(0) | st.integers(1, 25)
grants = st.integers(0, 2)
failures = st.sampled_from(
    [Unavailable("endpoint: down"), Postponed("busy", 60), Postponed("no"), Parked("gone", "410")]
)
steps = st.one_of(
    st.tuples(st.just("arrive"), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.just("arrive"), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.just("work"), crashes),
    st.tuples(st.just("work"), crashes),
    st.tuples(st.just("feed"), crashes),
    st.tuples(
        st.just("approve"),
        grants,
        st.integers(0, 2),
        st.integers(1, 200),
        st.none() | st.integers(1, 3),
        crashes,
    ),
    st.tuples(
        st.just("restrict"), st.sampled_from(["suspend", "lift", "lift", "revoke"]), grants, crashes
    ),
    st.tuples(st.just("pass_time"), st.integers(1, 600), crashes),
    st.tuples(st.just("watch"), crashes),
    st.tuples(st.just("fail"), failures),
    st.tuples(st.just("read_some"), st.integers(1, 3)),
    st.tuples(st.just("read_some"), st.integers(1, 3)),
)


@pytest.fixture(scope="module")
def place(postgres: Any, template_database: str) -> Iterator[tuple[str, dict[str, str]]]:
    name = f"qovsaq_test_no_basis_{next(NUMBERS)}"
    url = postgres.create(name, template_database)
    with outbound_bench(url) as bench:
        tokens = bench.tokens
    yield url, tokens
    postgres.drop(name)


def play(place: tuple[str, dict[str, str]], story: list[tuple[Any, ...]]) -> None:
    world = World(place[0], next(NUMBERS), place[1])
    try:
        world.approve(0, 0, 200, None, 0)
        for verb, *arguments in story:
            getattr(world, verb)(*arguments)
        world.come_to_rest()
        assert world.problems() == []
        event(f"sent: {world.sent > 0}, read: {bool(world.read)}, crashed: {world.crashes > 0}")
    finally:
        world.close()


QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(st.lists(steps, min_size=5, max_size=40))
def test_nothing_leaves_without_a_grant_in_force_and_a_line_that_precedes_it(
    place: tuple[str, dict[str, str]], story: list[tuple[Any, ...]]
) -> None:
    play(place, story)


@pytest.mark.slow
@settings(QUICK, max_examples=300)
@given(st.lists(steps, min_size=20, max_size=80))
def test_nothing_leaves_without_a_grant_in_force_in_long_stories(
    place: tuple[str, dict[str, str]], story: list[tuple[Any, ...]]
) -> None:
    play(place, story)


Act = Callable[[World, int], None]


@pytest.mark.parametrize(
    ("act", "fewest"),
    [
        pytest.param(lambda world, place: world.work(place), 11, id="the worker"),
        pytest.param(lambda world, place: world.restrict("revoke", 0, place), 10, id="revoking"),
        pytest.param(lambda world, place: world.pass_time(60 * 300, place), 10, id="the watch"),
    ],
)
def test_a_crash_at_any_place_ends_as_no_crash_does(
    place: tuple[str, dict[str, str]], act: Act, fewest: int
) -> None:
    for burns_at in itertools.count(1):
        world = World(place[0], next(NUMBERS), place[1])
        try:
            world.approve(0, 0, 200, None, 0)
            world.arrive(1, 1)
            world.work(0)
            world.arrive(2, 1)
            act(world, burns_at)
            world.read_some(1)
            world.come_to_rest()
            assert world.problems() == [], burns_at
            if not world.crashes:
                break
        finally:
            world.close()
    assert burns_at > fewest
