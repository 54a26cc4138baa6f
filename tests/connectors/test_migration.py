"""Migration's habits: several records in one element, the old script, people without FİN."""

from __future__ import annotations

import pytest

from connectors._kit.contract import Item, Limits, Normalized, Rules
from connectors.migration.normalize import NAMESPACE, normalize
from schemas.errors import Refused
from tests.connectors.messages import accepted, content, message, refusals

AT = "2026-03-02T08:00:00+04:00"


def permit(operation: str = "ISSUE", **fields: str) -> str:
    values = {
        "PersonNumber": "00000001",
        "Surname": "Sınaqov",
        "GivenName": "Nümunə",
        "Sex": "M",
        "BirthDate": "05.07.1988",
        "Citizenship": "TUR",
        "PermitType": "MYI",
        "Number": "MYI00001",
        "IssuedOn": "20.02.2026",
        **fields,
    }
    return element("Permit", operation, values)


def element(name: str, operation: str, values: dict[str, str]) -> str:
    inner = "".join(f"<{field}>{text}</{field}>" for field, text in values.items())
    return f'<{name} op="{operation}" at="{AT}">{inner}</{name}>'


def read(*entries: str, limits: Limits | None = None) -> list[Item]:
    body = f'<MigrationRecords xmlns="{NAMESPACE}" id="1">{"".join(entries)}</MigrationRecords>'
    raw = message("migration", body, "application/xml")
    return list(normalize(raw, Rules(limits=limits or Limits())))


def told(items: list[Item]) -> list[tuple[int, str, str]]:
    return [
        (item.ordinal, item.record_class.record_type, item.operation)
        for item in items
        if isinstance(item, Normalized)
    ]


def test_a_permit_tells_of_person_permit_and_link_in_this_order() -> None:
    link = element("Link", "CANCEL", {"PersonNumber": "00000001"})
    assert told(read(permit(FIN="TST0005"), link, permit())) == [
        (0, "person", "create"),
        (1, "residence_permit", "create"),
        (2, "subject_link", "create"),
        (3, "subject_link", "annul"),
        (4, "person", "create"),
        (5, "residence_permit", "create"),
    ]


def test_the_person_is_known_by_the_number_of_the_service_even_with_a_fin() -> None:
    person, held, link = accepted(read(permit(FIN="TST0005")))
    assert person.subject == link.subject == "urn:az:pid:smx:00000001"
    assert content(held)["holder"]["notation"] == "00000001"
    assert content(link)["identifier"]["notation"] == "TST0005"


def test_annulling_a_permit_leaves_its_holder_alone() -> None:
    items = read(element("Permit", "ANNUL", {"Number": "MYI00001"}))
    assert told(items) == [(0, "residence_permit", "annul")]


@pytest.mark.parametrize("number", ["MYİ00001", "myı00001", "MYI 00001"])
def test_a_permit_is_one_fact_however_its_number_is_spelled(number: str) -> None:
    [annulment] = accepted(read(element("Permit", "ANNUL", {"Number": number})))
    assert annulment.subject == accepted(read(permit()))[1].subject


def test_a_fault_takes_along_only_what_depends_on_it() -> None:
    assert refusals(read(permit(FIN="TST0005", BirthDate="05.07.88"))) == [
        (0, "date-two-digit-year", "Permit[1]/BirthDate")
    ]
    assert refusals(read(permit(FIN="TST5"))) == [(2, "fin-format", "Permit[1]/FIN")]
    assert [rule for _, rule, _ in refusals(read(permit(FIN="TST0005", PersonNumber="1")))] == [
        "value"
    ] * 3


@pytest.mark.parametrize("operation", ["", "LOSE"])
def test_an_unreadable_operation_refuses_every_record_it_could_have_meant(operation: str) -> None:
    refused = refusals(read(permit(operation, FIN="TST0005"), permit()))
    assert [ordinal for ordinal, _, _ in refused] == [0, 1, 2]
    assert {field for _, _, field in refused} == {"Permit[1]/@op"}


def test_the_old_script_names_the_same_person() -> None:
    [old, *_] = accepted(read(permit(Surname="СЫНАГОВ", GivenName="НҮМУНӘ")))
    [new, *_] = accepted(read(permit()))
    assert content(old)["namesAsReceived"] == {"familyName": "СЫНАГОВ", "givenName": "НҮМУНӘ"}
    assert [content(old)[name] for name in ("familyName", "givenName")] == [
        content(new)[name] for name in ("familyName", "givenName")
    ]


@pytest.mark.parametrize(
    ("patronymic", "name", "suffix"),
    [
        ("YOXLAMA QIZI", "Yoxlama", "qızı"),
        ("Yoxlama oğlu", "Yoxlama", "oğlu"),
        ("Yoxlama", "Yoxlama", None),
        ("", None, None),
    ],
)
def test_a_patronymic_may_be_whole_bare_or_missing(
    patronymic: str, name: str | None, suffix: str | None
) -> None:
    person = content(accepted(read(permit(Patronymic=patronymic)))[0])
    assert (person.get("patronymicName"), person.get("patronymicSuffix")) == (name, suffix)


@pytest.mark.parametrize(
    ("written", "sex"), [("Kişi", "male"), ("M", "male"), ("Qadın", "female"), ("F", "female")]
)
def test_sexes_come_in_words_and_letters(written: str, sex: str) -> None:
    assert content(accepted(read(permit(Sex=written)))[0])["sex"] == sex


def test_the_limit_counts_records_and_not_elements() -> None:
    assert len(read(permit(FIN="TST0005"), limits=Limits(max_records=3))) == 3
    with pytest.raises(Refused) as refused:
        read(permit(FIN="TST0005"), limits=Limits(max_records=2))
    assert refused.value.rule == "too-many-records"
