"""A relay of receipts on the bench of intake, and what a ministry reads of them."""

from __future__ import annotations

import json
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from hub.evidence import record_log
from hub.evidence.record_log import Settlement, State
from hub.receipts import ReceiptRelay
from routing import keys
from routing.observer import Unobserved
from schemas.export import FOLDER
from tests.support.intake_bench import Bench, sample

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
