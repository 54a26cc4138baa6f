"""Economy's habits: two dialects for one register, and statuses told in two places."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors._kit.contract import Item, Rejected, Rules
from connectors.economy.normalize import normalize
from connectors.economy.taxpayers_xml import NAMESPACE
from schemas.errors import Refused
from tests.connectors.messages import accepted, content, message, refusals

AT = "2026-03-02T08:00:00+04:00"


def taxpayer(code: str = "ACTIVE", **fields: Any) -> dict[str, Any]:
    return {
        "name": "Sınaq MMC",
        "tin": "0000000131",
        "type": "legalEntity",
        "active": True,
        "legalTaxpayerStatus": {
            "legalAddress": "Sınaq şəhəri",
            "legalForm": {"code": "110", "name": {"az": "MMC"}},
            "voenRegisteredAt": "2024-05-14",
            "taxpayerStatus": {"code": code, "name": {"az": "Status"}},
        },
        "changeKind": "NEW",
        "changedAt": AT,
        **fields,
    }


def as_json(*taxpayers: dict[str, Any]) -> str:
    document = {"messageId": "M", "sentAt": AT, "taxpayers": taxpayers}
    return json.dumps(document, ensure_ascii=False)


def as_xml(kind: str = "LEGAL", pin: str = "") -> str:
    return (
        f'<TaxRegister xmlns="{NAMESPACE}"><Header/>'
        f'<Taxpayer voen="0000000131" kind="{kind}" op="NEW" at="{AT}">'
        f"<FullName>Sınaq MMC</FullName>{pin}"
        "<LegalFormCode>110</LegalFormCode><LegalFormName>MMC</LegalFormName>"
        "<Address>Sınaq şəhəri</Address><StatusCode>ACTIVE</StatusCode>"
        "<RegisteredOn>14.05.2024</RegisteredOn></Taxpayer></TaxRegister>"
    )


def read(body: str, content_type: str) -> list[Item]:
    return list(normalize(message("economy", body, content_type), Rules()))


def test_both_dialects_tell_the_same_of_a_taxpayer() -> None:
    assert read(as_json(taxpayer()), "application/json") == read(as_xml(), "application/xml")


@pytest.mark.parametrize(
    ("body", "content_type", "rule"),
    [
        (as_json(taxpayer()), "application/xml", "xml-syntax"),
        (as_xml(), "application/json; charset=utf-8", "json-syntax"),
        (as_xml(), "application/soap+xml", "content-type"),
        (as_json(taxpayer()), "text/csv", "content-type"),
    ],
)
def test_the_content_type_chooses_the_dialect(body: str, content_type: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        read(body, content_type)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("active", "code", "status"),
    [
        (True, "ACTIVE", "active"),
        (False, "SUSPENDED", "suspended"),
        (False, "LIQUIDATED", "liquidated"),
        (False, "SOMETHING_NEW", "suspended"),
        (True, "SOMETHING_NEW", "active"),
    ],
)
def test_the_flag_decides_and_the_code_is_kept(active: bool, code: str, status: str) -> None:
    [item] = accepted(read(as_json(taxpayer(code, active=active)), "application/json"))
    assert content(item)["legalEntityStatus"] == status
    assert content(item)["statusCode"] == code


def test_an_entrepreneur_has_a_fin_and_an_address_of_registration() -> None:
    [item] = accepted(read(as_xml("NATURAL", "<Pin>TST0001</Pin>"), "application/xml"))
    assert content(item)["person"]["notation"] == "TST0001"
    assert content(item)["registeredAddress"]["addressType"] == "registered"


def test_a_fin_has_no_place_with_a_legal_entity() -> None:
    items = read(as_json(taxpayer(pin="TST0001")), "application/json")
    assert refusals(items) == [(0, "unknown-field", "taxpayers[0].pin")]


def test_a_lost_leading_zero_is_explained_and_not_mended() -> None:
    [item] = read(as_json(taxpayer(tin="000000131")), "application/json")
    assert isinstance(item, Rejected)
    assert item.error.rule == "voen-format"
    assert "leading zero" in item.error.explanation


def test_a_taxpayer_harms_only_itself() -> None:
    body = as_json(taxpayer(), taxpayer(active="yes"), taxpayer())
    items = read(body, "application/json")
    assert refusals(items) == [(1, "type", "taxpayers[1].active")]
    assert [item.ordinal for item in items] == [0, 1, 2]
