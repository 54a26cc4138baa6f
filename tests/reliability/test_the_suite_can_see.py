"""Defects, seeded one by one: each must turn the check of the other suites red.

A check that stays green over a hub without its guards proves nothing about the guards.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from hub.hop import Hop
from hub.registry import facts, fold
from routing import acks
from routing.bus import Publisher
from routing.lifeline import Lifeline
from routing.memory import MemorySubscription
from routing.message import Delivery, Message
from routing.parking import put_aside
from tests.contract import test_consuming
from tests.reliability.fuse import Fuse
from tests.reliability.plant import FusedSubscription, Yard
from tests.reliability.whole_plant import LastFuse, WholePlant
from tests.support.buses import SOON, memory_under_test, rabbit_under_test, receive_all
from tests.unit.routing import test_acks

pytestmark = [pytest.mark.reliability, pytest.mark.database, pytest.mark.no_cover]

NEVER = 1_000_000


def test_without_a_defect_the_check_is_green(yard: Yard) -> None:
    assert yard.problems(Fuse(NEVER)) == []
    assert yard.problems(Fuse(1, only="registry before commit")) == []


def test_acknowledging_before_the_commit_is_seen(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = Hop._take

    def ack_first(hop: Hop, stop: threading.Event, batch: Sequence[Delivery]) -> None:
        MemorySubscription.ack(hop._subscription, batch)  # type: ignore[arg-type]
        handle(hop, stop, batch)

    monkeypatch.setattr(Hop, "_take", ack_first)
    assert yard.problems(Fuse(1, only="registry before commit")) != []
    assert yard.problems(Fuse(1, only="intake before commit")) != []


def test_acknowledging_before_parking_is_seen(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Hop._alone

    def ack_first(hop: Hop, stop: threading.Event, delivery: Delivery, act: Any) -> None:
        MemorySubscription.ack(hop._subscription, [delivery])  # type: ignore[arg-type]
        alone(hop, stop, delivery, act)

    def problems() -> list[str]:
        fuse = LastFuse(1, only="before parking")

        def park(publisher: Publisher, messages: Sequence[Message]) -> None:
            fuse.at("before parking")
            put_aside(publisher, messages)

        monkeypatch.setattr("hub.registry.handler.put_aside", park)
        with yard.run(fuse, once, make=partial(WholePlant, fuse=fuse)) as run:
            run.plant.work()
            assert fuse.burnt
            return run.problems()

    # Nothing that is sent again, which would bring back what was lost.
    once = [each for each in yard.messages if not each.again]
    # Without the relay, which would repair it, and without the thief, whom only that repairs.
    monkeypatch.setattr(WholePlant, "_repair", lambda plant, now: None)
    monkeypatch.setattr(WholePlant, "_steal", lambda plant: None)
    assert problems() == []
    monkeypatch.setattr(Hop, "_alone", ack_first)
    assert problems() != []


def test_publishing_without_confirms_is_seen(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = FusedSubscription.publish
    rounds = iter(range(NEVER))

    def unheard(subscription: FusedSubscription, messages: Sequence[Message]) -> None:
        if next(rounds) % 3:
            publish(subscription, messages)

    monkeypatch.setattr(FusedSubscription, "publish", unheard)
    assert yard.problems(Fuse(NEVER)) != []


def test_writing_what_was_written_before_is_seen(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.registry.handler.record_log.final_outcomes", lambda tx, ids: {})
    monkeypatch.setattr(facts, "known", lambda tx, record_type, ids: set())
    doubled = [sent for sent in yard.messages for _ in range(2)]
    assert yard.problems(Fuse(1, only="registry after commit"), doubled) != []


def test_letting_the_last_to_arrive_win_is_seen(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of two bodies under one id the first to arrive is the message: that order does matter.
    known = {sent.message.message_id for sent in yard.messages if sent.fault == "reused-id"}
    calm = [sent for sent in yard.messages if sent.message.message_id not in known]
    yard = yard.expecting(calm)
    backwards = list(reversed(calm))
    assert yard.problems(Fuse(NEVER), backwards) == []
    monkeypatch.setattr(fold, "_later", lambda held, op: op)
    assert yard.problems(Fuse(NEVER), backwards) != []


def test_acknowledging_past_an_unfinished_delivery_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checks = [check for name, check in vars(test_acks).items() if name.startswith("test_")]
    assert checks
    monkeypatch.setattr(
        acks.Acks,
        "settle",
        lambda self, numbers: [acks.Settlement(max(numbers), multiple=True)],
    )
    assert any(_fails(check) for check in checks)


def test_acknowledging_a_stale_tag_after_a_reconnect_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = _check_of_stale_tags(monkeypatch, 1)
    with memory_under_test() as subject:
        assert not _fails(check, subject)
    settle = MemorySubscription._settle

    def of_any_generation(subscription: MemorySubscription, deliveries: Sequence[Delivery]) -> Any:
        now = subscription._generation
        fresh = [replace(d, tag=d.tag._replace(generation=now)) for d in deliveries]
        return settle(subscription, fresh)

    monkeypatch.setattr(MemorySubscription, "_settle", of_any_generation)
    with memory_under_test() as subject:
        assert _fails(check, subject)


@pytest.mark.broker
def test_acknowledging_a_stale_tag_is_seen_on_the_broker(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = _check_of_stale_tags(monkeypatch, 10)
    with rabbit_under_test(broker_url) as subject:
        assert not _fails(check, subject)
    monkeypatch.setattr(Lifeline, "current", lambda lifeline, generation: lifeline.link(SOON))
    with rabbit_under_test(broker_url) as subject:
        assert _fails(check, subject)


def _check_of_stale_tags(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Any:
    """The check of the contract suite, which waits no longer for what a defect has settled."""
    briefly = partial(receive_all, timeout=seconds)
    monkeypatch.setattr(test_consuming, "receive_all", briefly)
    return test_consuming.test_acknowledgements_of_a_lost_connection_settle_nothing_on_the_next


def _fails(check: Any, *given: object) -> bool:
    try:
        check(*given)
    except (AssertionError, ValueError):
        return True
    except TypeError:  # wants arguments: not this one
        return False
    return False
