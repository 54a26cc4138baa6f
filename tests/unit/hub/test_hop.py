"""The consuming loop: what is taken, acknowledged, given back, claimed and convicted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.breaker import BreakerEvent, Turn
from hub.hop import Hop
from routing.message import Delivery, Tag
from routing.observer import Unobserved
from schemas.errors import RetryLater, Stop, Unavailable
from tests.unit.hub.scripted import (
    NOW,
    PACE,
    RememberingSubscription,
    ScriptedHandler,
    delivery,
    failing_times,
    hop,
)


def test_a_batch_is_acknowledged_as_one_after_it_was_handled() -> None:
    handler = ScriptedHandler()
    worker, subscription = hop(handler, [delivery(1), delivery(2)])
    assert worker.step(threading.Event()) == 2
    assert handler.calls == [("handle", (1, 2))]
    assert subscription.acked == [1, 2]


def test_a_failed_batch_is_handled_delivery_by_delivery() -> None:
    handler = ScriptedHandler(failing_times(1, "handle", RetryLater("lost race")))
    worker, subscription = hop(handler, [delivery(1), delivery(2)])
    worker.step(threading.Event())
    assert handler.calls == [("handle", (1, 2)), ("alone", (1,)), ("alone", (2,))]
    assert subscription.acked == [1, 2]


def test_an_outage_repeats_the_batch_and_isolates_nothing() -> None:
    handler = ScriptedHandler(failing_times(3, "handle", Unavailable("database: gone")))
    worker, subscription = hop(handler, [delivery(1)])
    worker.step(threading.Event())
    assert handler.calls == [("handle", (1,))] * 4
    assert subscription.acked == [1]


def test_stopping_in_an_outage_gives_the_batch_back() -> None:
    stop = threading.Event()

    def fails(verb: str, numbers: Sequence[int]) -> Exception:
        stop.set()
        return Unavailable("database: gone")

    worker, subscription = hop(ScriptedHandler(fails), [delivery(1)])
    worker.step(stop)
    assert (subscription.acked, subscription.released) == ([], [1])


def test_a_broken_environment_gives_the_batch_back_and_ends() -> None:
    handler = ScriptedHandler(failing_times(1, "handle", Stop("no table")))
    worker, subscription = hop(handler, [delivery(1)])
    with pytest.raises(Stop):
        worker.step(threading.Event())
    assert (subscription.acked, subscription.released) == ([], [1])


def test_messages_redelivered_once_are_claimed_handled_together_and_absolved() -> None:
    handler = ScriptedHandler()
    suspects = [delivery(1, redelivered=True), delivery(3, redelivered=True)]
    worker, subscription = hop(handler, [*suspects, delivery(2)])
    worker.step(threading.Event())
    assert handler.calls == [
        ("handle", (2,)),
        ("claim", (1, 3)), ("handle", (1, 3)), ("absolve", (1, 3)),
    ]  # fmt: skip
    assert subscription.acked == [2, 1, 3]


def test_who_is_still_to_be_handled_is_not_claimed_while_another_is_handled_alone() -> None:
    handler = ScriptedHandler(claimed=1)
    worker, _ = hop(handler, [delivery(1, redelivered=True), delivery(2, redelivered=True)])
    worker.step(threading.Event())
    assert handler.calls == [
        ("claim", (1,)), ("alone", (1,)), ("absolve", (1,)),
        ("claim", (2,)), ("alone", (2,)), ("absolve", (2,)),
    ]  # fmt: skip


def test_a_message_that_a_process_died_over_is_handled_alone() -> None:
    handler = ScriptedHandler(claimed=1)
    worker, subscription = hop(handler, [delivery(1, redelivered=True), delivery(2)])
    worker.step(threading.Event())
    assert handler.calls == [
        ("handle", (2,)), ("claim", (1,)), ("alone", (1,)), ("absolve", (1,)),
    ]  # fmt: skip
    assert subscription.acked == [2, 1]


def test_whoever_a_process_died_over_is_handled_before_the_innocent_are_claimed() -> None:
    class OneWasClaimed(ScriptedHandler):
        def claims(self, suspects: Sequence[Delivery]) -> Sequence[int]:
            return [int(each.tag.number == 2) for each in suspects]

    handler = OneWasClaimed(claimed=1)
    worker, subscription = hop(handler, [delivery(n, redelivered=True) for n in (1, 2, 3)])
    worker.step(threading.Event())
    assert handler.calls == [
        ("claim", (2,)), ("alone", (2,)), ("absolve", (2,)),
        ("claim", (1, 3)), ("handle", (1, 3)), ("absolve", (1, 3)),
    ]  # fmt: skip
    assert subscription.acked == [2, 1, 3]


def test_whoever_is_stopped_before_knowing_its_suspects_handles_none() -> None:
    stop = threading.Event()

    class Down(ScriptedHandler):
        def claims(self, suspects: Sequence[Delivery]) -> Sequence[int]:
            stop.set()
            raise Unavailable("database: gone")

    handler = Down()
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    worker.step(stop)
    assert [verb for verb, _ in handler.calls if verb != "absolve"] == []
    assert (subscription.acked, subscription.released) == ([], [1])


@pytest.mark.parametrize("verb", ["idle", "claim", "alone", "absolve"])
def test_a_race_lost_over_bookkeeping_is_waited_out(verb: str) -> None:
    handler = ScriptedHandler(failing_times(2, verb, RetryLater("database: deadlock")), claimed=1)
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    worker.step(threading.Event())
    worker.step(threading.Event())
    assert subscription.acked == [1]
    assert handler.calls[-1] == ("idle", ())


def test_a_broken_environment_is_no_crash_of_a_suspect() -> None:
    handler = ScriptedHandler(failing_times(1, "handle", Stop("no dead queue")))
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    with pytest.raises(Stop):
        worker.step(threading.Event())
    assert [verb for verb, _ in handler.calls] == ["claim", "handle", "absolve"]
    assert subscription.released == [1]


def test_a_message_that_killed_the_process_too_often_is_convicted() -> None:
    handler = ScriptedHandler(claimed=3)
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    worker.step(threading.Event())
    assert [verb for verb, _ in handler.calls] == ["claim", "convict", "absolve"]
    assert subscription.acked == [1]


def test_an_outage_while_handling_a_suspect_does_not_claim_it_twice() -> None:
    handler = ScriptedHandler(failing_times(2, "alone", Unavailable("broker: gone")), claimed=1)
    worker, _ = hop(handler, [delivery(1, redelivered=True)])
    worker.step(threading.Event())
    assert [verb for verb, _ in handler.calls].count("claim") == 1


def test_a_suspect_that_meets_an_outage_is_cleared_for_the_process_lived() -> None:
    stop = threading.Event()

    def fails(verb: str, numbers: Sequence[int]) -> Exception | None:
        if verb != "alone":
            return None
        stop.set()
        return Unavailable("broker: publishing is blocked by a resource alarm")

    handler = ScriptedHandler(fails, claimed=1)
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    worker.step(stop)
    assert [verb for verb, _ in handler.calls] == ["claim", "alone", "absolve", "absolve"]
    assert (subscription.acked, subscription.released) == ([], [1])


def test_a_suspect_in_an_outage_of_the_database_waits_like_any_other() -> None:
    down = Unavailable("database: gone")
    rounds = iter([None, down, down, None, None])
    handler = ScriptedHandler(lambda verb, numbers: next(rounds), claimed=1)
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    worker.step(threading.Event())
    assert [verb for verb, _ in handler.calls] == ["claim", "alone", "absolve", "alone", "absolve"]
    assert subscription.acked == [1]


def test_an_outage_of_some_length_is_told_with_its_begin_and_its_end() -> None:
    told: list[BreakerEvent] = []
    handler = ScriptedHandler(failing_times(4, "handle", Unavailable("database: gone")))
    worker = Hop(
        "test",
        RememberingSubscription([[delivery(1)]]),
        handler,
        clock=lambda: NOW,
        observer=Unobserved(),
        pace=PACE,
        keep=told.extend,
    )
    worker.step(threading.Event())
    assert [(event.turn, event.dependency) for event in told] == [
        (Turn.OPENED, "database"), (Turn.CLOSED, "database"),
    ]  # fmt: skip


def test_what_cannot_even_be_parked_stays_unacknowledged() -> None:
    handler = ScriptedHandler(failing_times(1, "alone", Stop("no dead queue")), claimed=1)
    worker, subscription = hop(handler, [delivery(1, redelivered=True)])
    with pytest.raises(Stop):
        worker.step(threading.Event())
    assert (subscription.acked, subscription.released) == ([], [1])


def test_a_quiet_moment_is_used() -> None:
    handler = ScriptedHandler()
    worker, _ = hop(handler)
    assert worker.step(threading.Event()) == 0
    assert handler.calls == [("idle", ())]


def test_a_lost_broker_is_waited_for() -> None:
    handler = ScriptedHandler()
    worker, subscription = hop(handler, Unavailable("broker: gone"), [delivery(1)])
    assert worker.step(threading.Event()) == 0
    assert worker.step(threading.Event()) == 1
    assert subscription.acked == [1]


def test_running_ends_when_told_and_closes_the_subscription() -> None:
    stop = threading.Event()
    handler = ScriptedHandler(lambda verb, numbers: stop.set() if verb == "idle" else None)
    worker, subscription = hop(handler, [delivery(1)])
    worker.run(stop)
    assert subscription.acked == [1]
    assert subscription.closed
    assert handler.calls[-1] == ("close", ())


def test_a_stale_delivery_is_handed_to_the_subscription_as_it_is() -> None:
    old = replace(delivery(7), tag=Tag(0, 7))
    worker, subscription = hop(ScriptedHandler(), [old])
    worker.step(threading.Event())
    assert subscription.acked == [7]


class Resting(threading.Event):
    """Lets no time pass and notes what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(("seconds", "rest"), [(0.01, 0.04), (1.0, 0.1), (-1.0, 0.0)])
def test_a_hop_that_nobody_waits_for_rests_after_a_batch_that_was_slight(
    seconds: float, rest: float
) -> None:
    stop, times = Resting(), iter([NOW, NOW, NOW + timedelta(seconds=seconds), *[NOW] * 9])
    large = replace(delivery(2), body=bytes(10))
    subscription = RememberingSubscription([[delivery(1)], [large], []])
    worker = Hop(
        "test",
        subscription,
        ScriptedHandler(),
        clock=lambda: next(times),
        observer=Unobserved(),
        pace=replace(PACE, rest=4.0, slight=10),
    )
    for _ in range(3):
        worker.step(stop)
    assert stop.waited == [pytest.approx(rest)]
    assert subscription.acked == [1, 2]
