from __future__ import annotations

import pytest

from routing.message import ATTEMPTS, Delivery, HeaderValue, Tag
from routing.outcome import Halt, Park, Pause, Refuse, Retry
from routing.retry import Policy, attempts, decide
from routing.topology import Rung
from schemas.errors import Parked, Refused, RetryLater, Stop, Unavailable

SHORT, LONG = Rung("1s", 1), Rung("1m", 60)
POLICY = Policy(rungs=(SHORT, LONG), max_attempts=4)


@pytest.mark.parametrize("failed_before", [0, 3, 99])
def test_the_type_of_an_error_decides_whatever_the_attempts(failed_before: int) -> None:
    refused = Refused("fin-format", "Person/@pin", "seven characters")
    assert decide(refused, failed_before, POLICY) == Refuse(
        "fin-format", "Person/@pin", "seven characters"
    )
    parked = Parked("two-fins", "needs a decision")
    assert decide(parked, failed_before, POLICY) == Park("two-fins", "needs a decision")
    assert decide(Unavailable("database down"), failed_before, POLICY) == Pause("database down")
    assert decide(Stop("wrong schema"), failed_before, POLICY) == Halt("wrong schema")


def test_a_passing_condition_climbs_the_ladder_stays_on_the_last_rung_and_is_parked() -> None:
    error = RetryLater("lock time-out")
    assert decide(error, 0, POLICY) == Retry(SHORT, 1)
    assert decide(error, 1, POLICY) == Retry(LONG, 2)
    assert decide(error, 2, POLICY) == Retry(LONG, 3)
    assert decide(error, 3, POLICY) == Park("retries-exhausted", "RetryLater after 4 attempts")


def test_the_waiting_room_follows_from_the_key() -> None:
    rooms = {decide(RetryLater(""), 0, POLICY, f"m-{n}").rung for n in range(50)}  # type: ignore[union-attr]  # a Retry
    assert rooms == set(SHORT.staggered())


def test_a_defect_is_tried_again_and_parked_under_its_own_name_without_its_text() -> None:
    error = KeyError("TST0001")
    assert decide(error, 0, POLICY) == Retry(SHORT, 1)
    assert decide(error, 3, POLICY) == Park("defect-KeyError", "KeyError after 4 attempts")


def test_without_a_ladder_the_first_failure_is_the_last() -> None:
    assert isinstance(decide(RetryLater(""), 0, Policy(rungs=(), max_attempts=4)), Park)


def delivery(exchange: str, count: HeaderValue) -> Delivery:
    return Delivery(Tag(1, 1), "q", exchange, "q", b"", headers={ATTEMPTS: count})


@pytest.mark.parametrize(
    ("exchange", "count", "expected"),
    [("", 3, 3), ("intake.alpha", 3, 0), ("", -1, 0), ("", "3", 0), ("", True, 0)],
)
def test_attempts_count_only_where_nobody_else_can_write(
    exchange: str, count: HeaderValue, expected: int
) -> None:
    assert attempts(delivery(exchange, count)) == expected
