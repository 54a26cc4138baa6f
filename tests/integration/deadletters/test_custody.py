"""Custody statements: drawn once a day is settled, the same each time, exact through the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from hub.evidence.custody import Custodian
from hub.metrics import Metrics
from tests.support.desk_bench import CONTRACT, DeskBench, park_one

pytestmark = pytest.mark.database

DAY = date(2026, 3, 2)
WRITER = "registry.writer.live"


def custodian(bench: DeskBench, metrics: Metrics | None = None) -> Custodian:
    return Custodian(bench.connect(), tuple(bench.connectors), metrics or Metrics())


def stated(bench: DeskBench, ministry: str = "labour") -> list[dict[str, Any]]:
    return bench.rows(
        "SELECT day, revision, messages, received, settled, in_flight, unaccounted, digest"
        " FROM evidence.custody WHERE ministry = %s ORDER BY day, revision",
        ministry,
    )


def counts(row: dict[str, Any]) -> dict[str, int]:
    return {state: count for state, count in row["settled"].items() if count}


def test_a_settled_day_is_stated_once_for_every_ministry(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.send("labour", b"{", "m-2")
    bench.settle_down()
    assert custodian(bench).step(bench.now) == 0
    bench.later(days=1)
    assert custodian(bench).step(bench.now) == len(bench.connectors)
    assert custodian(bench).step(bench.now) == 0
    (row,) = stated(bench)
    assert (row["day"], row["revision"], row["messages"], row["received"]) == (DAY, 1, 2, 2)
    assert counts(row) == {"written": 1, "refused": 1}
    assert (row["in_flight"], row["unaccounted"]) == (0, 0)
    (zeros,) = stated(bench, "health")
    assert (zeros["received"], counts(zeros)) == (0, {})


def test_a_day_ends_at_midnight_in_baku(bench: DeskBench) -> None:
    bench.now = datetime(2026, 3, 2, 19, 59, tzinfo=UTC)
    bench.send("labour", CONTRACT)
    bench.settle_down()
    bench.now = datetime(2026, 3, 2, 20, 1, tzinfo=UTC)
    bench.send("labour", b"{", "m-2")
    bench.settle_down()
    custodian(bench).step(bench.now)
    assert [(row["day"], row["messages"]) for row in stated(bench)] == [(DAY, 1)]
    bench.later(days=1)
    custodian(bench).step(bench.now)
    assert [row["messages"] for row in stated(bench)] == [1, 1]


def test_a_day_waits_for_records_on_their_way_but_not_for_ever(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    bench.later(days=1)
    metrics = Metrics()
    assert custodian(bench, metrics).step(bench.now) == 0
    assert b"qovsaq_custody_due 1.0" in metrics.expose()
    bench.later(days=1)
    custodian(bench, metrics).step(bench.now)
    first, *_ = stated(bench)
    assert (first["in_flight"], first["unaccounted"]) == (1, 0)
    bench.settle_down()
    bench.later(days=1, minutes=1)
    custodian(bench).step(bench.now)
    last = [row for row in stated(bench) if row["day"] == DAY][-1]
    assert (last["revision"], counts(last), last["in_flight"]) == (2, {"written": 1}, 0)
    assert last["digest"] != first["digest"]


def test_what_the_relay_could_not_save_is_unaccounted_in_the_statement(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    for _ in range(3):
        bench.taken(WRITER)
        bench.later(minutes=2)
        bench.relay.step(bench.now)
    bench.later(days=1)
    custodian(bench).step(bench.now)
    (row,) = stated(bench)
    assert (row["in_flight"], row["unaccounted"]) == (0, 1)


def test_replay_correction_and_discard_are_revisions_and_never_gaps(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    bench.later(days=1)
    custodian(bench).step(bench.now)
    bench.replay([letter_id])
    bench.settle_down()
    assert custodian(bench).step(bench.now) == 0  # a day with parked records: once a day
    bench.later(days=1, minutes=1)
    custodian(bench).step(bench.now)
    revisions = [counts(row) for row in stated(bench) if row["day"] == DAY]
    assert revisions == [{"parked": 1}, {"written": 1}]
    bench.later(days=3)
    custodian(bench).step(bench.now)
    assert len([row for row in stated(bench) if row["day"] == DAY]) == 2


def test_the_statements_of_all_days_add_up_to_the_ledger(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.send("labour", CONTRACT)
    bench.settle_down()
    bench.later(days=2)
    letter = park_one_more(bench)
    bench.desk.discard(bench.tokens["aysel"], [letter], "a test")
    bench.later(days=1)
    custodian(bench).step(bench.now)
    total: dict[str, int] = {}
    for row in stated(bench):
        for state, count in counts(row).items():
            total[state] = total.get(state, 0) + count
    (line,) = [line for line in bench.ledger().lines if line.ministry == "labour"]
    assert total == {str(state): n for state, n in line.settled.items() if n}
    assert sum(row["received"] for row in stated(bench)) == line.received


def park_one_more(bench: DeskBench) -> str:
    bench.unfit = lambda event: True
    bench.send("labour", CONTRACT, "m-9")
    bench.settle_down()
    bench.unfit = lambda event: False
    return str(bench.letters()[0]["letter_id"].hex)


def test_a_statement_is_never_changed(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.settle_down()
    bench.later(days=1)
    custodian(bench).step(bench.now)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        bench.rows("UPDATE evidence.custody SET received = 0 RETURNING 1")


def test_while_another_draws_statements_one_waits_for_the_next_round(bench: DeskBench) -> None:
    bench.send("labour", CONTRACT)
    bench.settle_down()
    bench.later(days=1)
    with bench.connect().transaction() as tx:
        tx.rows("SELECT pg_advisory_xact_lock(hashtext('evidence.custody'))")
        assert custodian(bench).step(bench.now) == 0
    assert custodian(bench).step(bench.now) == len(bench.connectors)
