"""Labour's habits: one notice or many, exact money, and names it sends but the hub may not keep."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from connectors._kit.contract import Item, Limits, Rejected, Rules
from connectors.labour.normalize import normalize
from schemas.errors import Refused
from schemas.identifiers import Namespaces
from tests.connectors.golden import RECEIVED_AT
from tests.connectors.messages import accepted, content, message, refusals


def notice(**contract: Any) -> dict[str, Any]:
    return {
        "noticeId": "LN-1",
        "sentAt": "2026-03-02T08:00:00+04:00",
        "eventType": "CONCLUDED",
        "eventTime": "2026-03-02T00:30:00+04:00",
        "contract": {
            "contractNumber": "EM-1",
            "employer": {"voen": "0000000131", "name": "Sınaq MMC"},
            "employee": {"pin": "TST0001", "surname": "Sınaqov", "name": "Nümunə"},
            "position": "Mühəndis",
            "mainJob": True,
            "concludedOn": "2026-03-02",
            "startsOn": "2026-03-09",
            "endsOn": None,
            "workingTime": "FULL",
            "monthlyWage": 1000,
            **contract,
        },
    }


def read(
    document: Any,
    content_type: str = "application/json",
    rules: Rules | None = None,
    received_at: datetime = RECEIVED_AT,
) -> list[Item]:
    body = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return list(normalize(message("labour", body, content_type, received_at), rules or Rules()))


def test_a_notice_alone_and_a_list_of_one_say_the_same() -> None:
    assert read(notice()) == read({"notices": [notice()]})


def test_only_a_list_has_an_index_in_its_paths() -> None:
    faulty = notice(position=7)
    assert refusals(read(faulty)) == [(0, "type", "contract.position")]
    assert refusals(read({"notices": [faulty]})) == [(0, "type", "notices[0].contract.position")]


def test_the_names_of_the_worker_are_left_behind() -> None:
    # The contract's subject is the contract; the person is known by FİN from its own sources.
    [item] = accepted(read(notice()))
    assert "Sınaqov" not in json.dumps(content(item), ensure_ascii=False)


def with_wage(written: str) -> str:
    return json.dumps(notice()).replace('"monthlyWage": 1000', f'"monthlyWage": {written}')


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1250.5", "1250.50"),
        ("0.1e4", "1000.00"),
        ("9007199254.93", "9007199254.93"),
        ("0", "0.00"),
    ],
)
def test_a_wage_is_exact_money(written: str, amount: str) -> None:
    [item] = accepted(read(with_wage(written)))
    assert content(item)["wage"] == {"amount": amount, "currency": "AZN"}


@pytest.mark.parametrize("written", ["0.001", "-0.01", "1e15"])
def test_what_cannot_be_a_wage_is_refused(written: str) -> None:
    assert refusals(read(with_wage(written))) == [(0, "value", "contract.monthlyWage")]


def test_today_is_a_day_in_baku() -> None:
    # 21:00 UTC on 1 March is already 2 March in Baku, the day on which this contract was concluded.
    evening = datetime.fromisoformat("2026-03-01T21:00:00+00:00")
    assert len(accepted(read(notice(), received_at=evening))) == 1
    too_early = datetime.fromisoformat("2026-03-01T19:59:59+00:00")
    document = notice() | {"eventTime": "2026-03-01T20:00:00+04:00"}
    [refusal] = refusals(read(document, received_at=too_early))
    assert refusal == (0, "date-future", "contract.concludedOn")


def test_contracts_of_one_worker_are_facts_of_their_own() -> None:
    items = accepted(read({"notices": [notice(), notice(contractNumber="EM-2", mainJob=False)]}))
    assert [item.subject for item in items] == ["urn:az:contract:EM-1", "urn:az:contract:EM-2"]


def test_namespaces_are_the_deployments_choice() -> None:
    rules = Rules(namespaces=Namespaces(employment_contract="urn:x:contract", fin="urn:x:fin"))
    [item] = accepted(read(notice(), rules=rules))
    assert item.subject == "urn:x:contract:EM-1"
    assert content(item)["worker"]["type"] == "urn:x:fin"


def test_a_refusal_never_tells_what_was_sent() -> None:
    faulty = notice(employee={"pin": "TST-SECRET", "surname": "Sınaqov", "name": "Nümunə"})
    [item] = read(faulty)
    assert isinstance(item, Rejected)
    assert "SECRET" not in str(item.error)


def test_more_notices_than_allowed_are_refused_together() -> None:
    rules = Rules(limits=Limits(max_records=2))
    with pytest.raises(Refused) as refused:
        read({"notices": [notice()] * 3}, rules=rules)
    assert refused.value.rule == "too-many-records"
    assert len(read({"notices": [notice()] * 2}, rules=rules)) == 2


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_the_media_type_is_read_as_http_reads_it(content_type: str) -> None:
    assert len(accepted(read(notice(), content_type))) == 1


@pytest.mark.parametrize(
    ("content_type", "rule"),
    [
        ("application/xml", "content-type"),
        ("text/plain", "content-type"),
        ("", "content-type"),
        ("application/json; charset=windows-1254", "encoding"),
    ],
)
def test_another_content_type_is_refused(content_type: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        read(notice(), content_type)
    assert refused.value.rule == rule
