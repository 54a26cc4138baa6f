"""What is due for a receipt is queued, or found, and goes out in batches."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from hub.evidence import receipts
from hub.evidence.record_log import State
from hub.store.database import Database
from routing import keys
from routing.observer import Unobserved
from schemas.manifest import ManifestAnswer
from tests.integration.receipts.receiving import CONTRACT, received, relay, settle
from tests.support.intake_bench import Bench

pytestmark = pytest.mark.database


class Counted(Unobserved):
    """Counts a database's transactions."""

    transactions = 0

    def observe(self, name: str, value: float, **labels: str) -> None:
        self.transactions += name == "database_seconds"


def in_order(rows: list[dict[str, Any]]) -> list[Any]:
    return sorted(row["record_id"] for row in rows)


def test_what_ended_for_good_is_queued_with_its_end_and_due_nowhere_else(bench: Bench) -> None:
    bench.send("labour", CONTRACT.replace(b'"pin"', b'"pim"'), "m-bad")
    bench.send("labour", CONTRACT, "m-1")
    bench.send("labour", CONTRACT, "m-2")
    bench.work()
    settle(bench, State.WRITTEN, most=1)
    settle(bench, State.PARKED, "locked")
    queued = "SELECT unnest(records) AS record_id FROM evidence.receipt_due"
    log = "SELECT record_id FROM evidence.record_log WHERE state"
    assert in_order(bench.rows(queued)) == in_order(bench.rows(f"{log} <> 'parked'"))
    untold = bench.rows(f"{log} IS DISTINCT FROM receipted")
    assert untold == bench.rows(f"{log} = 'parked'")
    assert relay(bench).step(bench.now) == 3
    assert bench.rows(queued) == []


def test_many_records_that_end_together_are_queued_250_in_a_row(bench: Bench) -> None:
    notices = [json.loads(CONTRACT) for _ in range(300)]
    for number, notice in enumerate(notices):
        notice["contract"]["contractNumber"] = f"TST-{number}"
    bench.send("labour", json.dumps({"notices": notices}).encode(), "m-300")
    bench.work()
    settle(bench, State.WRITTEN, most=300)
    rows = bench.rows("SELECT cardinality(records) AS n FROM evidence.receipt_due ORDER BY due_id")
    assert sorted(row["n"] for row in rows) == [51, 249]
    told = relay(bench, at_once=51)
    assert told.step(bench.now) == 300
    found = received(bench)
    assert sorted(len(receipt["outcomes"]) for receipt in found) == [51, 249]


def test_what_the_release_before_gave_its_end_is_told_of_all_the_same(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "m-1")
    bench.work()
    with bench.database.transaction() as tx:
        tx.execute("UPDATE evidence.record_log SET state = 'written', settled_at = now()")
    told = relay(bench)
    assert (told.step(bench.now), told.step(bench.now)) == (1, 0)
    assert len(received(bench)) == 1


def test_while_nothing_is_due_a_round_asks_the_database_once(
    bench: Bench, database_url: str
) -> None:
    counted = Counted()
    told = relay(bench, database=Database(database_url, observer=counted))
    told.step(bench.now)
    assert counted.transactions == 1
    told.close()


def test_what_has_its_outcome_when_the_relay_looks_comes_in_one_message_and_alone_if_alone(
    bench: Bench,
) -> None:
    for number in range(30):
        bench.send("labour", CONTRACT, f"m-{number}")
    bench.work()
    settle(bench, State.WRITTEN, most=1)
    told = relay(bench)
    told.step(bench.now)
    settle(bench, State.WRITTEN)
    told.step(bench.now)
    batches = bench.taken(keys.receipt_queue("labour"))
    assert [len(orjson.loads(each.body)) for each in batches] == [1, 29]


def test_a_batch_holds_250_documents_and_256_kib_at_most_but_for_one_that_is_larger() -> None:
    def sizes(*lengths: int) -> list[int]:
        made = receipts.in_batches("labour", map(answer, range(len(lengths)), lengths))
        return [batch.documents for batch in made]

    assert sizes(*[0] * 501) == [250, 250, 1]
    assert sizes(*[100_000] * 5) == [2, 2, 1]
    assert sizes(0, 300_000, 0) == [1, 1, 1]


def test_the_same_documents_are_the_same_batch_and_others_are_another() -> None:
    def ids(*numbers: int) -> list[str]:
        made = receipts.in_batches("labour", (answer(number, 0) for number in numbers))
        return [batch.batch_id for batch in made]

    assert ids(1, 2) == ids(2, 1)
    assert len({*ids(1), *ids(2), *ids(1, 2)}) == 3


def test_what_the_release_before_had_kept_singly_comes_as_batches_of_one(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        kept = answer(1, 0).model_dump_json(by_alias=True)
        tx.execute(
            "INSERT INTO evidence.receipt VALUES (gen_random_uuid(), 'labour', %s::jsonb, now())",
            [kept],
        )
    relay(bench).step(bench.now)
    (each,) = bench.taken(keys.receipt_queue("labour"))
    assert orjson.loads(each.body) == [orjson.loads(kept)]


def answer(number: int, length: int) -> ManifestAnswer:
    """An answer to a manifest that names one id of this length."""
    return ManifestAnswer(
        receipt_id=f"{number:032x}",
        ministry="labour",
        day=date(2026, 3, 2),
        message_id="manifest-1",
        agrees=False,
        stated=1,
        received=0,
        sha256="0" * 64,
        missing=1,
        extra=0,
        missing_ids=["m" * length],
        answered_at=datetime(2026, 3, 3, tzinfo=UTC),
    )
