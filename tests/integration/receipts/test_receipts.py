"""Receipts say what became of each record, once each, to the ministry that sent it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from hub.evidence.record_log import State
from routing import control, keys
from routing.rabbit import RabbitBus
from routing.topology import topology
from tests.integration.receipts.receiving import CONTRACT, received, relay, settle
from tests.support.intake_bench import Bench

pytestmark = pytest.mark.database


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
