"""What is particular to Internal Affairs: events whose records share a holder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors._kit.contract import Limits, Rules
from connectors.interior.connector import CONNECTOR
from schemas.errors import Refused
from tests.connectors.golden import golden, normalized
from tests.connectors.messages import accepted, content, refusals

EVERY_KIND = next(s for s in golden(CONNECTOR) if s.document.name.startswith("every-kind")).raw


def edited(old: str, new: str, count: int = 1) -> bytes:
    text = EVERY_KIND.body.decode()
    assert old in text
    return text.replace(old, new, count).encode()


def test_documents_count_as_records_too() -> None:
    with pytest.raises(Refused) as refusal:
        list(CONNECTOR.normalize(EVERY_KIND, Rules(limits=Limits(max_records=15))))
    assert refusal.value.rule == "too-many-records"
    assert len(list(CONNECTOR.normalize(EVERY_KIND, Rules(limits=Limits(max_records=16))))) == 16


def test_a_bad_pin_refuses_every_record_of_its_event_and_no_other() -> None:
    raw = replace(EVERY_KIND, body=edited('pin="TST0011"', 'pin="TST"'))
    path = "Event[1]/Person/@pin"
    items = normalized(CONNECTOR, raw)
    assert refusals(items) == [(ordinal, "fin-format", path) for ordinal in range(3)]
    assert len(accepted(items[3:])) == 13


def test_a_doubtful_pin_is_found_once_with_the_person() -> None:
    raw = replace(EVERY_KIND, body=edited('pin="TST0011"', 'pin="TST001O"'))
    person, *documents = accepted(normalized(CONNECTOR, raw))[:3]
    assert [finding.rule for finding in person.findings] == ["fin-unusual-letter"]
    assert [document.findings for document in documents] == [(), ()]
    assert content(documents[0])["holder"]["notation"] == "TST001O"


def test_what_the_contract_leaves_out_is_not_taken_in() -> None:
    body = edited("<pr:Gender>", "<pr:BloodGroup>A</pr:BloodGroup><pr:Gender>")
    items = normalized(CONNECTOR, replace(EVERY_KIND, body=body))
    assert refusals(items) == [(0, "unknown-field", "Event[1]/Person/BloodGroup")]


def test_a_residence_may_be_a_code_alone() -> None:
    body = edited("Sınaq şəhəri, Yoxlama küçəsi, ev 1", "")
    person = accepted(normalized(CONNECTOR, replace(EVERY_KIND, body=body)))[0]
    assert content(person)["domicile"] == {"adminUnitCode": "001", "addressType": "registered"}
