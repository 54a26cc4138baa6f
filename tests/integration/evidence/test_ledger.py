"""The ledger balances only when every record is proven to be somewhere."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from hub.evidence import claims, ledger, record_log, workers
from hub.evidence.holders import Situation, look
from hub.evidence.record_log import Entry, Settlement, State
from hub.evidence.workers import Mark
from hub.store.database import Database
from tests.integration.evidence.test_journal import admit, sealed

pytestmark = pytest.mark.database

NOW = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
LATER = NOW + timedelta(minutes=5)
WITH_RELAY = frozenset({"intake", "registry", "relay"})


def entry(journal_id: int, ordinal: int, state: State = State.RECEIVED) -> Entry:
    record_id = uuid.uuid5(uuid.NAMESPACE_OID, f"{journal_id}/{ordinal}").hex
    return Entry(record_id, journal_id, ordinal, "justice", "live", "person", state)


def two_records(database: Database) -> list[str]:
    """Admit one message of two records; the journal expects both."""
    (admission,) = admit(database, sealed("m1"))
    entries = [entry(admission.journal_id, 0), entry(admission.journal_id, 1)]
    with database.transaction() as tx:
        record_log.admit(tx, entries, NOW)
    return [each.record_id for each in entries]


def settle(database: Database, *settlements: Settlement) -> int:
    """Settle, and tell how many came to the registry by it."""
    with database.transaction() as tx:
        return sum(way["records"] for way in record_log.settle(tx, settlements, NOW))


def drawn_up(
    database: Database, now: datetime = NOW, alive: frozenset[str] = WITH_RELAY
) -> ledger.Statement:
    situation = Situation(now=now, settle=SETTLE, depths={}, watermarks={}, alive=alive)
    with database.transaction() as tx:
        return ledger.statement(
            tx, situation, ministries=["justice", "health"], lanes=["live"], relay_limit=3
        )


def test_settled_records_balance_with_nothing_in_flight(database: Database) -> None:
    first, second = two_records(database)
    settle(database, Settlement(first, State.WRITTEN), Settlement(second, State.SUPERSEDED))
    statement = drawn_up(database)
    (health, justice) = statement.lines
    assert statement.balanced
    assert statement.in_flight == 0
    assert (justice.messages, justice.received) == (1, 2)
    assert (justice.settled[State.WRITTEN], justice.settled[State.SUPERSEDED]) == (1, 1)
    assert health.received == 0


def test_a_record_just_handed_on_is_in_flight(database: Database) -> None:
    first, _ = two_records(database)
    settle(database, Settlement(first, State.WRITTEN))
    statement = drawn_up(database)
    assert (statement.in_flight, statement.unaccounted) == (1, 0)


def test_a_record_nothing_holds_is_unaccounted_where_no_relay_lives(database: Database) -> None:
    two_records(database)
    assert drawn_up(database, LATER).unaccounted == 0
    assert drawn_up(database, LATER, frozenset({"intake"})).unaccounted == 2


def test_a_record_relayed_to_the_limit_is_unaccounted(database: Database) -> None:
    first, second = two_records(database)
    settle(database, Settlement(second, State.WRITTEN))
    for _ in range(3):
        with database.transaction() as tx:
            record_log.relayed(tx, [first], NOW)
    assert drawn_up(database, LATER).unaccounted == 1
    with database.transaction() as tx:
        rows = [{"ministry": "justice", "lane": "live", "before": LATER}]
        assert record_log.lost(tx, rows, limit=3, most=10) == []
        assert [each.record_id for each in record_log.lost(tx, rows, limit=4, most=10)] == [first]


def test_a_row_missing_from_the_record_log_is_unaccounted(database: Database) -> None:
    first, second = two_records(database)
    settle(database, Settlement(first, State.WRITTEN), Settlement(second, State.WRITTEN))
    with database.transaction() as tx:
        tx.execute("DELETE FROM evidence.record_log WHERE record_id = %s", [first])
    assert drawn_up(database).unaccounted == 1


def test_a_record_on_the_ladder_is_held_until_it_is_due(database: Database) -> None:
    first, second = two_records(database)
    due = NOW + timedelta(hours=1)
    settle(
        database,
        Settlement(first, State.RETRYING, "1h", due=due),
        Settlement(second, State.WRITTEN),
    )
    nobody = frozenset[str]()
    assert drawn_up(database, LATER, nobody).unaccounted == 0
    assert drawn_up(database, due + 2 * SETTLE, nobody).unaccounted == 1


def test_a_final_state_never_moves_but_a_parked_record_may_be_written(database: Database) -> None:
    first, second = two_records(database)
    settle(database, Settlement(first, State.WRITTEN), Settlement(second, State.PARKED, "why"))
    moved = settle(
        database, Settlement(first, State.PARKED, "no"), Settlement(second, State.WRITTEN)
    )
    assert moved == 1
    with database.transaction() as tx:
        assert set(record_log.states(tx, [first, second]).values()) == {State.WRITTEN}


def test_admitting_a_record_again_keeps_its_outcome(database: Database) -> None:
    first, _ = two_records(database)
    settle(database, Settlement(first, State.WRITTEN))
    with database.transaction() as tx:
        record_log.admit(tx, [entry(1, 0)._replace(record_id=first)], LATER)
        assert record_log.final_outcomes(tx, [first]) == {first: State.WRITTEN}


def test_claims_count_until_they_are_released(database: Database) -> None:
    with database.transaction() as tx:
        assert claims.claim(tx, "intake", ["b", "a", "a"], NOW) == {"a": 1, "b": 1}
        assert claims.claim(tx, "intake", ["a"], NOW) == {"a": 2}
        assert claims.claim(tx, "registry", ["a"], NOW) == {"a": 1}
        claims.release(tx, "intake", ["a"])
        assert claims.claim(tx, "intake", ["a", "b"], NOW) == {"a": 1, "b": 2}


def test_watermarks_are_those_of_the_slowest_living_worker(database: Database) -> None:
    queue = "registry.writer.live"
    marks = {"w1": NOW, "w2": NOW - timedelta(minutes=1), "gone": NOW - timedelta(days=1)}
    with database.transaction() as tx:
        for name, mark in marks.items():
            heard = NOW - timedelta(hours=1) if name == "gone" else NOW
            workers.beat(tx, "registry", heard, Mark(name, queue, mark))
        workers.beat(tx, "registry", NOW, Mark("w1", queue))
        situation = look(tx, {}, SETTLE, NOW)
    assert situation.watermarks == {queue: NOW - timedelta(minutes=1)}
    assert situation.alive == {"registry"}
    with database.transaction() as tx:
        assert workers.forget(tx, NOW - timedelta(minutes=30)) == 1


def test_a_statement_renders_for_machines(database: Database) -> None:
    first, second = two_records(database)
    settle(database, Settlement(first, State.WRITTEN), Settlement(second, State.REFUSED, "x"))
    rendered = drawn_up(database).as_dict()
    assert rendered["balanced"] is True
    (_, justice) = rendered["ministries"]
    assert (justice["written"], justice["refused"], justice["in_flight"]) == (1, 1, 0)
