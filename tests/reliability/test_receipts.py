"""A crash before and after every effect of the receipts' relay: each outcome is told, as it is."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
import pytest

from hub.evidence.outcomes import outcomes
from hub.receipts import ReceiptRelay
from hub.store.database import Database, Transaction
from routing import keys
from routing.message import Delivery
from routing.observer import Unobserved
from tests.reliability.fuse import Crash, Fuse, FusedDatabase
from tests.reliability.plant import NOW, FusedSubscription, Plant, Run, Yard

_QUEUE_AGAIN = """
WITH queued AS (
    UPDATE evidence.record_log SET receipted = state
    WHERE state NOT IN ('received', 'retrying', 'parked') AND record_id::text < '8'
    RETURNING ministry, record_id
)
INSERT INTO evidence.receipt_due (ministry, records)
SELECT ministry, array_agg(record_id) FROM queued GROUP BY ministry, left(record_id::text, 1)
"""

pytestmark = [pytest.mark.reliability, pytest.mark.database, pytest.mark.no_cover]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("messages", "longest_step"),
    [
        pytest.param(12, 10, id="many places"),
        pytest.param(60, 1, id="every place", marks=pytest.mark.slow),
    ],
)
def test_a_crash_anywhere_loses_no_receipt_and_repeats_are_the_same_by_id(
    yard: Yard, messages: int, longest_step: int
) -> None:
    place, seen, chance = 1, set(), random.Random(3)
    with yard.run(Fuse(burns_at=0), yard.messages[:messages]) as run:
        run.plant.work()
        while True:
            _forget_receipts(run)
            fuse = Fuse(burns_at=place)
            problems = _told_through(run, fuse)
            assert problems == [], fuse.places
            if not fuse.burnt:
                break
            seen.update(fuse.places)
            place += chance.randint(1, longest_step)
    assert {"receipts after commit", "after publish"} & seen
    if longest_step == 1:
        assert {"receipts before commit", "before publish"} <= seen


def test_the_check_can_see_a_receipt_that_is_let_go_before_it_is_confirmed(yard: Yard) -> None:
    with yard.run(Fuse(burns_at=0)) as run:
        run.plant.work()
        _forget_receipts(run)
        with _transaction(run) as tx:
            tx.execute(
                "UPDATE evidence.record_log SET receipted = state WHERE record_id IN"
                " (SELECT record_id FROM evidence.record_log WHERE settled_at IS NOT NULL"
                "  AND receipted IS DISTINCT FROM state LIMIT 1)"
            )
        assert _told_through(run, Fuse(burns_at=0)) != []


def _told_through(run: Run, fuse: Fuse) -> list[str]:
    """Tell everything, through at most one crash; name what receipts and ledger differ in."""
    for _ in range(2):
        relay = _relay(run.plant, run.url, fuse)
        try:
            while relay.step(NOW):
                pass
            break
        except Crash:
            continue
        finally:
            relay.database.close()
    return _compare(run, _read(run.plant))


def _relay(plant: Plant, url: str, fuse: Fuse) -> ReceiptRelay:
    publisher = FusedSubscription(plant.bus, [], 1)
    publisher.fuse = fuse
    database = FusedDatabase(url, fuse, "receipts")
    ministries = tuple(plant.connectors)
    return ReceiptRelay(database, plant.bus, publisher, ministries, Unobserved(), at_once=7)


def _read(plant: Plant) -> list[Delivery]:
    queues = [keys.receipt_queue(ministry) for ministry in plant.connectors]
    reader = plant.bus.subscribe(queues, prefetch=10_000)
    found = reader.receive(10_000, 0)
    reader.ack(found)
    reader.close()
    return found


def _compare(run: Run, deliveries: Sequence[Delivery]) -> list[str]:
    texts: defaultdict[str, set[bytes]] = defaultdict(set)
    for each in deliveries:
        texts[each.message_id].add(each.body)
    found = [f"batch {key} came with two texts" for key, two in texts.items() if len(two) > 1]
    receipts = [receipt for body, *_ in texts.values() for receipt in orjson.loads(body)]
    if len({receipt["receiptId"] for receipt in receipts}) < len(receipts):
        found.append("a receipt came in two batches")
    told = [
        (outcome["recordId"], outcome["state"])
        for receipt in receipts
        for outcome in receipt["outcomes"]
    ]
    with _transaction(run) as tx:
        became = [(row["record_id"], row["state"]) for row in outcomes(tx)]
    if sorted(told) != sorted(became):
        found.append(f"{len(told)} outcomes told, {len(became)} in the log")
    return found


def _forget_receipts(run: Run) -> None:
    """Make everything due again: every other record by the queue, if its end is for good."""
    with _transaction(run) as tx:
        tx.execute("UPDATE evidence.record_log SET receipted = NULL")
        tx.execute("DELETE FROM evidence.receipt")
        tx.execute("DELETE FROM evidence.receipt_due")
        tx.execute(_QUEUE_AGAIN)


@contextmanager
def _transaction(run: Run) -> Iterator[Transaction]:
    database = Database(run.url)
    try:
        with database.transaction() as tx:
            yield tx
    finally:
        database.close()
