"""The relay repairs what was lost behind the hub's back."""

from __future__ import annotations

import pytest

from routing import keys
from routing.message import Message
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")


def test_a_deleted_canonical_message_is_published_again_under_its_id(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    (deleted,) = bench.canonical()
    assert bench.relay.step(bench.now) == 0
    bench.later(minutes=2)
    assert bench.relay.step(bench.now) == 1
    (again,) = bench.canonical()
    assert (again.id, again.data) == (deleted.id, deleted.data)
    assert bench.ledger().balanced


def test_with_the_relay_off_the_deleted_message_is_unaccounted(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    bench.canonical()
    assert bench.ledger().unaccounted == 0
    bench.later(minutes=2)
    assert bench.ledger().unaccounted == 1


def test_a_record_that_vanishes_three_times_is_unaccounted_in_spite_of_the_relay(
    bench: Bench,
) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    for expected in (1, 1, 1, 0):
        bench.canonical()
        bench.later(minutes=2)
        assert bench.relay.step(bench.now) == expected
    assert bench.ledger().unaccounted == 1


def test_a_record_that_waits_in_its_queue_is_left_alone(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    bench.later(hours=3)
    assert bench.relay.step(bench.now) == 0
    assert bench.ledger().unaccounted == 0
    assert len(bench.canonical()) == 1


def test_notices_that_were_not_confirmed_are_published_by_the_relay(bench: Bench) -> None:
    bench.send("labour", b"{", "m-bad")
    bench.work()
    bench.taken(keys.notice_queue("labour"))
    bench.rows("UPDATE evidence.notice SET published_at = NULL RETURNING 1")
    bench.relay.step(bench.now)
    assert bench.taken(keys.notice_queue("labour")) == []
    bench.later(minutes=2)
    bench.relay.step(bench.now)
    bench.relay.step(bench.now)
    (notice,) = bench.taken(keys.notice_queue("labour"))
    assert b"json-syntax" in notice.body


def test_partitions_for_the_coming_days_are_there(bench: Bench) -> None:
    bench.relay.step(bench.now)
    (found,) = bench.rows("SELECT to_regclass('evidence.journal_body_20260308') AS name")
    assert found["name"] is not None


def test_a_foreign_message_on_canonical_does_not_disturb_the_ledger(bench: Bench) -> None:
    stray = Message(keys.CANONICAL, "live.c31.x.v1.nobody", b"[]", "stray", "application/json")
    bench.bus.publisher().publish([stray])
    bench.relay.step(bench.now)
    assert bench.ledger().balanced
