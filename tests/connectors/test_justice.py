"""What is particular to Justice: one act a message, in a sequence of the ministry's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors._kit.contract import RawMessage
from connectors.justice.connector import CONNECTOR
from tests.connectors.golden import golden, normalized
from tests.connectors.messages import accepted, content, refusals

SAMPLES = {sample.document.name.partition(".in.")[0]: sample.raw for sample in golden(CONNECTOR)}


def edited(case: str, old: str, new: str) -> RawMessage:
    text = SAMPLES[case].body.decode()
    assert old in text
    return replace(SAMPLES[case], body=text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("case", "old", "new", "rule", "field"),
    [
        ("register-birth", "Sequence>101<", "Sequence>first<", "value", "Sequence"),
        ("register-birth", "<cs:Sequence>101</cs:Sequence>", "", "required", "Sequence"),
        ("register-birth", ">REGISTER<", ">DELETE<", "unknown-code", "Operation"),
        ("register-birth", ">001<", ">1<", "value", "Act/OfficeCode"),
        ("register-birth", ">42<", ">123456789<", "value", "Act/ActNumber"),
        ("register-birth", '"MOTHER"', '"AUNT"', "unknown-code", "Act/Participant[2]/@role"),
        ("register-birth", ">Qadın<", ">Q<", "unknown-code", "Act/Participant[2]/Sex"),
        ("register-birth", ">1996<", ">96<", "date-two-digit-year", "Act/Participant[3]/BirthDate"),
        ("register-birth", ">SN<", "><", "required", "Act/Certificate/Series"),
        ("name-change", ">Yeniyev<", "> <", "required", "Act/NewName/Surname"),
        ("register-death", "<cs:EventPlace>", "<cs:Cause>?</cs:Cause><cs:EventPlace>",
         "unknown-field", "Act/Cause"),
        ("annul", "<cs:LegalGround>", "<cs:ActDate>02.03.2026</cs:ActDate><cs:LegalGround>",
         "unknown-field", "Act/ActDate"),
    ],
)  # fmt: skip
def test_a_fault_refuses_the_act_at_its_path(
    case: str, old: str, new: str, rule: str, field: str
) -> None:
    assert refusals(normalized(CONNECTOR, edited(case, old, new))) == [(0, rule, field)]


def test_only_a_name_change_states_a_new_name() -> None:
    raw = edited("name-change", "NAME_CHANGE", "MARRIAGE")
    assert refusals(normalized(CONNECTOR, raw)) == [(0, "value", "Act/NewName")]
    text = SAMPLES["name-change"].body.decode()
    start, end = text.index("<cs:NewName>"), text.index("</cs:NewName>")
    nameless = text[:start] + text[end + len("</cs:NewName>") :]
    items = normalized(CONNECTOR, replace(SAMPLES["name-change"], body=nameless.encode()))
    assert refusals(items) == [(0, "required", "Act/NewName")]


def test_the_ministrys_sequence_orders_its_operations() -> None:
    cases = ("register-birth", "amend-birth", "correct-birth", "annul", "restore")
    items = [item for case in cases for item in accepted(normalized(CONNECTOR, SAMPLES[case]))]
    assert [item.sequence for item in items] == [101, 102, 103, 104, 105]
    assert {item.subject for item in items} == {"urn:az:act:001-42"}


def test_a_participant_without_a_fin_is_kept_without_identifier() -> None:
    (act,) = accepted(normalized(CONNECTOR, SAMPLES["register-marriage"]))
    assert ["identifier" in spouse for spouse in content(act)["participants"]] == [True, False]
