from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.simulator.account import RECORDS, SUMMARY, Account, expected_records
from hub.simulator.sent import Sent
from hub.simulator.stream import stream

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    return list(stream(600, 1, 0.5, (), START))


@pytest.fixture
def account(tmp_path: Path, sent: list[Sent]) -> Account:
    with Account(tmp_path / "account") as account:
        account.note(sent)
    return account


def perfect_ledger(account: Account) -> list[dict[str, Any]]:
    return [
        {
            "ministry": line["ministry"],
            "message_id": line["message_id"],
            "ordinal": line["ordinal"],
            "state": "refused" if line["rule"] else "written",
            "rule": line["rule"],
            "record_id": line.get("record_id"),
        }
        for line in expected_records(account.folder)
    ]


def first(ledger: list[dict[str, Any]], rule: str | None) -> dict[str, Any]:
    return next(row for row in ledger if row["rule"] == rule)


def test_an_account_agrees_with_a_ledger_that_says_the_same(account: Account) -> None:
    assert account.compare(reversed(perfect_ledger(account))) == []


@pytest.mark.parametrize("state", ["written", "unchanged", "superseded"])
def test_every_way_of_being_accepted_will_do(account: Account, state: str) -> None:
    ledger = perfect_ledger(account)
    first(ledger, None)["state"] = state
    assert account.compare(ledger) == []


@pytest.mark.parametrize("state", ["received", "retrying", "parked", "discarded"])
def test_a_record_that_did_not_arrive_is_a_difference(account: Account, state: str) -> None:
    ledger = perfect_ledger(account)
    first(ledger, None)["state"] = state
    (difference,) = account.compare(ledger)
    assert difference.endswith(f"expected accepted, found {state}")


def test_a_missing_record_is_a_difference(account: Account) -> None:
    ledger = perfect_ledger(account)
    lost = ledger.pop(7)
    (difference,) = account.compare(ledger)
    assert lost["message_id"] in difference
    assert difference.endswith("found nothing")


def test_a_record_nobody_sent_is_a_difference(account: Account) -> None:
    stray = {"ministry": "health", "message_id": "m", "ordinal": 0, "state": "written"}
    (difference,) = account.compare([*perfect_ledger(account), stray | {"rule": None}])
    assert difference == "health m record 0: expected nothing, found accepted"


def test_a_record_counted_twice_is_a_difference(account: Account) -> None:
    ledger = perfect_ledger(account)
    assert len(account.compare([*ledger, ledger[0]])) == 1


def test_a_refusal_for_another_rule_is_a_difference(account: Account) -> None:
    ledger = perfect_ledger(account)
    first(ledger, "fin-format")["rule"] = "voen-format"
    (difference,) = account.compare(ledger)
    assert difference.endswith("expected fin-format, found voen-format")


def test_another_record_id_is_a_difference(account: Account) -> None:
    ledger = perfect_ledger(account)
    first(ledger, None)["record_id"] = "0" * 32
    (difference,) = account.compare(ledger)
    assert difference.endswith("found accepted under another record id")


def test_a_record_id_written_as_uuid_is_the_same(account: Account) -> None:
    ledger = perfect_ledger(account)
    row = first(ledger, None)
    digits = row["record_id"]
    row["record_id"] = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    assert account.compare(ledger) == []


def test_which_body_of_a_reused_id_came_first_does_not_matter(account: Account) -> None:
    ledger = perfect_ledger(account)
    row = first(ledger, "message-id-reused")
    row["message_id"] = row["message_id"].partition("#")[0] + "#0123456789ab"
    assert account.compare(ledger) == []


def test_a_reused_id_that_was_not_noticed_is_a_difference(account: Account) -> None:
    ledger = perfect_ledger(account)
    ledger.remove(first(ledger, "message-id-reused"))
    assert len(account.compare(ledger)) == 1


def test_duplicates_are_published_but_not_expected_twice(
    account: Account, sent: list[Sent]
) -> None:
    summary = account.summary()
    repeated = sum(item.again for item in sent)
    assert repeated
    assert summary["messages"] == len(sent)
    assert summary["distinct"] == len(sent) - repeated


def test_the_summary_adds_up_and_equals_the_lines(account: Account) -> None:
    summary = json.loads((account.folder / SUMMARY).read_text())
    lines = [json.loads(line) for line in (account.folder / RECORDS).read_text().splitlines()]
    assert summary["records"] == summary["accepted"] + summary["refused"] == len(lines)
    assert summary["refused"] == sum(line["rule"] is not None for line in lines)
    for part in ("messages", "distinct", "records", "accepted"):
        assert summary[part] == sum(tally[part] for tally in summary["ministries"].values())


def test_the_account_can_be_compared_while_it_is_open(tmp_path: Path, sent: list[Sent]) -> None:
    with Account(tmp_path) as account:
        account.note(sent[:5])
        assert account.compare(perfect_ledger_of(account)) == []
        assert account.compare([]) != []


def perfect_ledger_of(account: Account) -> list[dict[str, Any]]:
    account.compare([])
    return perfect_ledger(account)
