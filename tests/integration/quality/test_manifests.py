"""A ministry's manifest of a day is answered with what is missing or extra, until it agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors._kit.discover import discover
from hub.evidence.findings import Wanted, tallies
from hub.quality.rounds import QualityRound
from hub.receipts import ReceiptRelay
from hub.store.database import Database
from routing import keys
from routing.observer import Unobserved
from schemas.catalogue import records
from schemas.manifest import CONTENT_TYPE, digest
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
DAY = "2026-03-02"
"""The day of the bench's clock, in Baku."""


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, discover())
    yield made
    made.bus.close()


def told(*ids: str, listed: bool = True, **given: Any) -> bytes:
    document: dict[str, Any] = {
        "ministry": "labour",
        "day": DAY,
        "messages": len(ids),
        "sha256": digest(ids),
    }
    return json.dumps(document | ({"messageIds": ids} if listed else {}) | given).encode()


def send(bench: Bench, *ids: str) -> None:
    for each in ids:
        bench.send("labour", CONTRACT, each)
    bench.work()


def declare(bench: Bench, body: bytes, message_id: str = "manifest-1", **given: Any) -> None:
    bench.send("labour", body, message_id, **({"content_type": CONTENT_TYPE} | given))
    bench.work()


def answers(bench: Bench, **later: float) -> list[dict[str, Any]]:
    """Let a round and the receipts' relay go by, and read what the ministry is answered."""
    bench.later(**(later or {"minutes": 5}))
    look(bench)
    ministries = tuple(bench.connectors)
    publisher = bench.bus.publisher()
    relay = ReceiptRelay(bench.database, bench.bus, publisher, ministries, Unobserved())
    relay.step(bench.now)
    batches = [orjson.loads(each.body) for each in bench.taken(keys.receipt_queue("labour"))]
    return [each for batch in batches for each in batch if each["kind"] == "manifest"]


def look(bench: Bench) -> None:
    ministries, kinds = tuple(bench.connectors), tuple(records())
    QualityRound(bench.database, ministries, kinds, Unobserved(), {}).step(bench.now)


def standing(bench: Bench) -> dict[str, tuple[int, int]]:
    with bench.database.transaction() as tx:
        return {t.rule: (t.open, t.resolved) for t in tallies(tx, Wanted(ministry="labour"))}


def test_a_manifest_that_agrees_is_answered_so_once(bench: Bench) -> None:
    send(bench, "m-1", "m-2")
    declare(bench, told("m-1", "m-2"))
    (answer,) = answers(bench)
    assert (answer["agrees"], answer["stated"], answer["received"]) == (True, 2, 2)
    assert (answer["day"], answer["messageId"]) == (DAY, "manifest-1")
    assert answers(bench) == []
    assert standing(bench) == {}


def test_what_is_missing_or_extra_is_named_and_stands_until_it_came(bench: Bench) -> None:
    send(bench, "m-1", "m-9")
    declare(bench, told("m-1", "m-2", "m-3"))
    (answer,) = answers(bench)
    assert not answer["agrees"]
    assert (answer["missingIds"], answer["extraIds"]) == (["m-2", "m-3"], ["m-9"])
    assert standing(bench) == {"manifest-missing": (1, 0), "manifest-extra": (1, 0)}
    send(bench, "m-2", "m-3")
    (again,) = answers(bench)
    assert (again["missing"], again["extra"]) == (0, 1)
    assert again["receiptId"] != answer["receiptId"]
    assert standing(bench) == {"manifest-missing": (0, 1), "manifest-extra": (1, 0)}


def test_a_corrected_manifest_takes_the_place_of_the_first(bench: Bench) -> None:
    send(bench, "m-1", "m-9")
    declare(bench, told("m-1"))
    (answer,) = answers(bench)
    assert answer["extraIds"] == ["m-9"]
    declare(bench, told("m-1", "m-9"), "manifest-2")
    (answer,) = answers(bench)
    assert (answer["agrees"], answer["messageId"]) == (True, "manifest-2")
    assert standing(bench) == {"manifest-extra": (0, 1)}


def test_without_ids_only_numbers_are_told_and_the_digest_finds_one_for_another(
    bench: Bench,
) -> None:
    send(bench, "m-1", "m-2")
    declare(bench, told("m-1", "m-2", "m-3", listed=False))
    (answer,) = answers(bench)
    assert (answer["missing"], answer["extra"], answer["missingIds"]) == (1, 0, [])
    declare(bench, told("m-1", "m-3", listed=False), "manifest-2")
    (answer,) = answers(bench)
    assert (answer["agrees"], answer["missing"], answer["extra"]) == (False, 1, 1)


def test_refused_messages_were_received_and_neither_repeats_nor_manifests_count(
    bench: Bench,
) -> None:
    send(bench, "m-1", "m-1")
    bench.send("labour", b"{", "m-bad")
    declare(bench, told("m-1", "m-bad", listed=False))
    (answer,) = answers(bench)
    assert answer["agrees"]


def test_a_message_counts_for_the_day_its_sender_says_it_was_published(bench: Bench) -> None:
    bench.later(hours=20)
    header = {"x-qovsaq-published-at": "2026-03-02T23:59:59+04:00"}
    bench.send("labour", CONTRACT, "m-1", headers=header)
    bench.send("labour", CONTRACT, "m-2")
    bench.work()
    declare(bench, told("m-1", listed=False))
    (answer,) = answers(bench)
    assert (answer["agrees"], answer["received"]) == (True, 1)


def test_numbers_of_the_day_that_never_came_are_named_by_record(bench: Bench) -> None:
    declare(bench, told(sequences={"employment_contract": {"first": 7, "last": 9}}))
    (answer,) = answers(bench)
    assert answer["missingNumbers"] == {"employment_contract": ["7-9"]}
    assert standing(bench) == {"manifest-missing": (1, 0)}


def test_the_ledger_counts_a_manifest_as_a_record_that_is_written(bench: Bench) -> None:
    declare(bench, told())
    assert bench.states() == [("written", None)]
    statement = bench.ledger()
    assert (statement.balanced, statement.in_flight) == (True, 0)


def test_what_is_no_manifest_is_refused_with_a_notice_naming_the_field(bench: Bench) -> None:
    declare(bench, told("m-1", messages=2))
    assert bench.states() == [("refused", "manifest")]
    declare(bench, told(ministry="health"), "manifest-2")
    notices = [orjson.loads(each.body) for each in bench.taken(keys.notice_queue("labour"))]
    assert [(notice["rule"], notice["field"]) for notice in notices] == [
        ("manifest", ""),
        ("manifest", "ministry"),
    ]
    assert answers(bench) == []


def test_a_manifest_is_not_looked_at_while_messages_may_overtake_it(bench: Bench) -> None:
    declare(bench, told("m-1"))
    assert answers(bench, seconds=30) == []
    send(bench, "m-1")
    (answer,) = answers(bench, seconds=40)
    assert answer["agrees"]


def test_after_a_month_a_manifest_is_left_as_it_is(bench: Bench) -> None:
    declare(bench, told("m-1"))
    (answer,) = answers(bench)
    send(bench, "m-1")
    assert not answer["agrees"]
    assert answers(bench, **{"days": 40}) == []
