"""Receipts say what became of each record, once each, to the ministry that sent it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from hub.evidence import receipts, record_log
from hub.evidence.record_log import Settlement, State
from hub.receipts import ReceiptRelay
from hub.store.database import Database
from routing import control, keys
from routing.observer import Unobserved
from routing.rabbit import RabbitBus
from routing.topology import topology
from schemas.export import FOLDER
from schemas.manifest import ManifestAnswer
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
SCHEMA = Draft202012Validator(json.loads((FOLDER / "receipt.v1.json").read_bytes()))


def relay(bench: Bench, **given: Any) -> ReceiptRelay:
    values: dict[str, Any] = {
        "database": bench.database,
        "bus": bench.bus,
        "publisher": bench.bus.publisher(),
        "ministries": tuple(bench.connectors),
        "observer": Unobserved(),
    } | given
    return ReceiptRelay(**values)


def received(bench: Bench, ministry: str = "labour") -> list[dict[str, Any]]:
    batches = [orjson.loads(each.body) for each in bench.taken(keys.receipt_queue(ministry))]
    found = [receipt for batch in batches for receipt in batch]
    for receipt in found:
        SCHEMA.validate(receipt)
    return found


class Counted(Unobserved):
    """Counts a database's transactions."""

    transactions = 0

    def observe(self, name: str, value: float, **labels: str) -> None:
        self.transactions += name == "database_seconds"


def in_order(rows: list[dict[str, Any]]) -> list[Any]:
    return sorted(row["record_id"] for row in rows)


def settle(bench: Bench, state: State, cause: str | None = None, *, most: int = 100) -> None:
    """Let records that are on their way, or parked, end like this."""
    rows = bench.rows(
        "SELECT record_id FROM evidence.record_log WHERE state IN ('received', 'parked')"
        " ORDER BY ordinal LIMIT %s",
        most,
    )
    with bench.database.transaction() as tx:
        ids = [row["record_id"].hex for row in rows]
        record_log.settle(tx, [Settlement(i, state, cause) for i in ids], bench.now)


def test_a_record_is_told_of_when_it_is_written_and_not_before(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "m-1")
    bench.work()
    told = relay(bench)
    assert told.step(bench.now) == 0
    settle(bench, State.WRITTEN)
    assert told.step(bench.now) == 1
    (receipt,) = received(bench)
    (event,) = bench.canonical()
    assert (receipt["messageId"], receipt["records"], receipt["pending"]) == ("m-1", 1, 0)
    (outcome,) = receipt["outcomes"]
    assert (outcome["recordId"], outcome["state"]) == (event.id, "written")
    assert outcome["rowVersion"] == str(event.version)
    assert told.step(bench.now) == 0
    assert received(bench) == []


def test_records_of_one_message_that_end_apart_are_told_of_apart(bench: Bench) -> None:
    notices = [json.loads(CONTRACT) for _ in range(3)]
    for number, notice in enumerate(notices):
        notice["contract"]["contractNumber"] = f"TST-{number}"
    bench.send("labour", json.dumps({"notices": notices}).encode(), "m-3")
    bench.work()
    told = relay(bench)
    settle(bench, State.WRITTEN, most=1)
    told.step(bench.now)
    settle(bench, State.UNCHANGED)
    told.step(bench.now)
    first, second = received(bench)
    assert (first["records"], first["pending"], len(first["outcomes"])) == (3, 2, 1)
    assert (second["records"], second["pending"], len(second["outcomes"])) == (3, 0, 2)
    assert first["receiptId"] != second["receiptId"]


def test_a_refusal_names_rule_and_field_and_a_parked_record_its_cause(bench: Bench) -> None:
    bench.send("labour", CONTRACT.replace(b'"pin"', b'"pim"'), "m-bad")
    bench.send("labour", CONTRACT, "m-1")
    bench.work()
    settle(bench, State.PARKED, "fact-mismatch")
    relay(bench).step(bench.now)
    (bad,), (good,) = (receipt["outcomes"] for receipt in received(bench))
    if bad["state"] != "refused":
        bad, good = good, bad
    assert bad["rule"]
    assert bad["field"] == "contract.employee.pim"
    assert (good["state"], good["cause"], good.get("rule")) == ("parked", "fact-mismatch", None)


def test_a_parked_record_that_is_written_after_all_is_told_of_again(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    told = relay(bench)
    settle(bench, State.PARKED, "locked")
    told.step(bench.now)
    settle(bench, State.WRITTEN)
    assert told.step(bench.now) == 1
    states = [receipt["outcomes"][0]["state"] for receipt in received(bench)]
    assert states == ["parked", "written"]


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


def test_both_bodies_under_one_id_are_told_of_by_their_digests(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "m-1")
    bench.work()
    bench.send("labour", CONTRACT + b" ", "m-1")
    bench.work()
    settle(bench, State.WRITTEN)
    relay(bench).step(bench.now)
    found = {r["sha256"]: r["outcomes"][0].get("rule") for r in received(bench)}
    assert sorted(map(str, found.values())) == ["None", "message-id-reused"]


def test_where_a_ministry_does_not_read_its_receipts_wait_in_the_log_and_harm_nobody(
    bench: Bench,
) -> None:
    for number in range(5):
        bench.send("labour", CONTRACT, f"m-{number}")
    bench.send("health", b"<no/>", "h-1", content_type="application/xml")
    bench.work()
    for _ in range(5):
        settle(bench, State.WRITTEN, most=1)
    told = relay(bench, backlog=2, at_once=2)
    told.step(bench.now)
    told.step(bench.now)
    assert bench.bus.depths([keys.receipt_queue("labour")]) == {"receipt.labour": 2}
    assert len(received(bench, "health")) == 1
    seen = received(bench)
    assert len(seen) == 4
    told.step(bench.now)
    seen += received(bench)
    assert len({receipt["messageId"] for receipt in seen}) == len(seen) == 5


def test_a_missing_queue_holds_up_its_own_ministry_alone(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.send("health", b"<no/>", "h-1", content_type="application/xml")
    bench.work()
    settle(bench, State.WRITTEN)
    told = relay(bench, bus=_Blind(bench))
    bench.bus.broker.delete_queue(keys.receipt_queue("labour"))
    told.step(bench.now)
    assert len(received(bench, "health")) == 1
    bench.bus.broker.declare(topology(bench.connectors))
    told.step(bench.now)
    assert len(received(bench)) == 1


class _Blind:
    """A bus that believes every queue to be there and empty."""

    def __init__(self, bench: Bench) -> None:
        self._queues = [keys.receipt_queue(name) for name in bench.connectors]

    def depths(self, queues: object) -> dict[str, int]:
        return dict.fromkeys(self._queues, 0)


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


@pytest.mark.broker
def test_receipts_come_over_a_real_broker(bench: Bench, clean_broker: str) -> None:
    control.declare(clean_broker, topology(bench.connectors))
    for number in range(30):
        bench.send("labour", CONTRACT, f"m-{number}")
    bench.work()
    settle(bench, State.WRITTEN)
    rabbit = RabbitBus(clean_broker)
    publisher = rabbit.publisher()
    reader = rabbit.subscribe([keys.receipt_queue("labour")], prefetch=100)
    try:
        assert relay(bench, bus=rabbit, publisher=publisher).step(bench.now) == 30
        found: list[dict[str, Any]] = []
        while len(found) < 30:
            deliveries = reader.receive(100, 10)
            assert deliveries, "receipts did not come"
            found += (receipt for each in deliveries for receipt in orjson.loads(each.body))
            reader.ack(deliveries)
    finally:
        reader.close()
        publisher.close()
        rabbit.close()
    assert {receipt["messageId"] for receipt in found} == {f"m-{n}" for n in range(30)}
