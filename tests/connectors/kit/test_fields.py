"""Reading: every fault has the sender's path, every doubt becomes a finding, times have bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors._kit.contract import Limits, Normalized, Rejected, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.json import Object
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Namespaces
from schemas.subject_link import SubjectLink
from tests.connectors.golden import RECEIVED_AT
from tests.connectors.kit.messages import message

CHANGE = Change(Operation.CREATE, RECEIVED_AT, 7)


def source(value: Any) -> Object:
    return Object({"v": value}, "person", Limits())


def reading(rules: Rules | None = None) -> Reading:
    return Reading(message(""), rules or Rules())


@pytest.mark.parametrize(
    ("read", "value", "rule"),
    [
        (lambda r, s: r.fin(s, "v"), "TST00", "fin-format"),
        (lambda r, s: r.fin(s, "v"), "TSTİ001", "fin-format"),
        (lambda r, s: r.voen(s, "v"), "000000019", "voen-format"),
        (lambda r, s: r.document(s, "v"), "№ 1", "document-number-format"),
        (lambda r, s: r.day(s, "v"), "2026-02-30", "date-format"),
        (lambda r, s: r.day(s, "v"), "01.02.26", "date-two-digit-year"),
        (lambda r, s: r.past_day(s, "v"), "03.03.2026", "date-future"),
        (lambda r, s: r.birth(s, "v"), "2027", "date-future"),
        (lambda r, s: r.birth(s, "v"), "92", "date-two-digit-year"),
        (lambda r, s: r.instant(s, "v"), "02.03.2026", "instant-format"),
        (lambda r, s: r.occurred(s, "v"), "2026-03-02T09:05:01+04:00", "occurred-in-future"),
        (lambda r, s: r.occurred(s, "v"), "1969-12-31T23:59:59Z", "value"),
        (lambda r, s: r.code(s, "v", {"M": "male"}), "m", "unknown-code"),
        (lambda r, s: r.integer(s, "v"), "-1", "value"),
        (lambda r, s: r.integer(s, "v"), "٣", "value"),
        (lambda r, s: r.integer(s, "v"), "9" * 19, "value"),
        (lambda r, s: r.digits(s, "v", 3, 3), "12", "value"),
        (lambda r, s: r.text(s, "v"), "x" * 501, "text-length"),
        (lambda r, s: r.name(s, "v"), None, "required"),
    ],
)
def test_a_fault_is_refused_by_rule_at_the_senders_path(
    read: Callable[[Reading, Object], object], value: str | None, rule: str
) -> None:
    with pytest.raises(Refused) as refusal:
        read(reading(), source(value))
    assert (refusal.value.rule, refusal.value.field) == (rule, "person.v")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_maybe_reads_nothing_where_nothing_is(value: str | None) -> None:
    assert maybe(reading().fin, source(value), "v") is None
    assert maybe(reading().code, source(value), "v", {"M": "male"}) is None


def test_maybe_still_refuses_what_is_there_and_wrong() -> None:
    with pytest.raises(Refused, match="fin-format"):
        maybe(reading().fin, source("TST"), "v")


def test_a_doubt_becomes_a_finding_with_path_and_proposal_and_the_value_stays() -> None:
    alias = source("tst000o")
    read = reading()
    fin = read.fin(alias, "v")
    (finding,) = read.target(0, SubjectLink, fin.urn, CHANGE).findings
    assert (finding.rule, finding.field) == ("fin-unusual-letter", "person.v")
    assert finding.proposal == "TST0000"
    assert (fin.notation, fin.received) == ("TST000O", "tst000o")


def test_namespaces_are_those_of_the_rules() -> None:
    rules = Rules(namespaces=Namespaces(fin="urn:test:fin"))
    assert reading(rules).fin(source("TST0001"), "v").urn == "urn:test:fin:TST0001"


def test_names_are_cased_and_the_patronymic_split() -> None:
    person = Object({"s": "QIZILOV", "n": "İLHAM", "p": "ƏLİ OĞLU"}, "", Limits())
    assert reading().names(person, "s", "n", "p") == {
        "family_name": "Qızılov",
        "given_name": "İlham",
        "patronymic_name": "Əli",
        "patronymic_suffix": "oğlu",
    }
    assert reading().received_names(person, "s", "n", "p")["family_name"] == "QIZILOV"
    nobody = Object({"s": "QIZILOV", "n": "İLHAM"}, "", Limits())
    assert reading().names(nobody, "s", "n", "p")["patronymic_name"] is None


def test_the_day_of_receipt_is_bakus() -> None:
    late = replace(message(""), received_at=datetime(2026, 3, 1, 19, 59, 59, tzinfo=UTC))
    assert Reading(late, Rules()).past_day(source("01.03.2026"), "v") == date(2026, 3, 1)
    with pytest.raises(Refused, match="date-future"):
        Reading(late, Rules()).past_day(source("02.03.2026"), "v")


def test_the_tolerance_for_the_future_is_a_limit() -> None:
    rules = Rules(limits=Limits(future_tolerance_seconds=0))
    assert reading(rules).occurred(source("2026-03-02T09:00:00+04:00"), "v") == RECEIVED_AT
    with pytest.raises(Refused, match="occurred-in-future"):
        reading(rules).occurred(source("2026-03-02T09:00:01+04:00"), "v")


def test_a_refused_record_becomes_an_item_at_its_ordinal() -> None:
    def refuse() -> Normalized:
        raise Refused("value", "person.v", "wrong")

    item = attempt(3, refuse)
    assert isinstance(item, Rejected)
    assert (item.ordinal, item.error.field) == (3, "person.v")


def test_an_item_carries_the_change_and_the_fact_of_its_record() -> None:
    read = reading()
    fin = read.fin(source("TST0001"), "v")
    link = SubjectLink(alias=fin, identifier=fin)
    item = read.record(2, link, CHANGE)
    assert (item.ordinal, item.record, item.subject) == (2, link, fin.urn)
    assert (item.operation, item.occurred_at, item.sequence) == (Operation.CREATE, RECEIVED_AT, 7)
