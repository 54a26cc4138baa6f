from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.catalogue import records
from schemas.employment_contract import EmploymentContract
from schemas.record import MAX_TEXT, Category, Classification
from tests.unit.schemas.samples import (
    ALL,
    EXAMPLES,
    FACT_KEYS,
    SUBJECTS,
    changed,
    claims_of,
    fin,
)

Path = tuple[int | str, ...]


def fault_of(record_type: str, values: dict[str, Any]) -> tuple[str, Path]:
    with pytest.raises(ValidationError) as caught:
        records()[record_type].model_validate(values)
    first = caught.value.errors()[0]
    return first["type"], first["loc"]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All scalar values of a JSON document with their paths."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            yield from leaves(part, (*path, key))
    else:
        yield path, value


def with_leaf(value: Any, path: Path, leaf: Any) -> Any:
    if not path:
        return leaf
    copy = value.copy()
    copy[path[0]] = with_leaf(value[path[0]], path[1:], leaf)
    return copy


def test_there_is_an_example_of_every_record() -> None:
    assert list(records()) == ALL


@pytest.mark.parametrize("record_type", ALL)
def test_a_record_comes_back_from_its_json_unchanged(record_type: str) -> None:
    record = records()[record_type].model_validate(EXAMPLES[record_type])
    dump = record.model_dump(mode="json", exclude_none=True)
    assert dump == EXAMPLES[record_type]
    assert records()[record_type].model_validate(dump) == record
    assert records()[record_type].model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("record_type", ALL)
def test_no_value_of_another_json_type_is_coerced(record_type: str) -> None:
    for path, present in leaves(EXAMPLES[record_type]):
        others = [1, 1.5, "true", ["x"], {"x": "y"}]
        for wrong in (other for other in others if type(other) is not type(present)):
            fault, _ = fault_of(record_type, with_leaf(EXAMPLES[record_type], path, wrong))
            assert fault.endswith("_type") or fault in {"literal_error", "is_instance_of"}


@pytest.mark.parametrize("record_type", ALL)
def test_an_unknown_name_is_refused_at_any_depth(record_type: str) -> None:
    assert fault_of(record_type, changed(record_type, bloodGroup="0"))[0] == "extra_forbidden"
    for name, part in EXAMPLES[record_type].items():
        if isinstance(part, dict):
            values = changed(record_type, **{name: {**part, "bloodGroup": "0"}})
            assert fault_of(record_type, values)[0] == "extra_forbidden"


@pytest.mark.parametrize("record_type", ALL)
def test_a_record_is_immutable(record_type: str) -> None:
    record = records()[record_type].model_validate(EXAMPLES[record_type])
    name = next(iter(records()[record_type].model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, name, None)


@pytest.mark.parametrize("record_type", ALL)
def test_the_subject_names_the_fact(record_type: str) -> None:
    record = records()[record_type].model_validate(EXAMPLES[record_type])
    assert record.subject == SUBJECTS[record_type]
    assert record.fact_key == FACT_KEYS.get(record_type, "")


def test_records_know_the_clause_they_are_exchanged_under() -> None:
    assert {name: record.category for name, record in records().items()} == {
        "person": Category.C412,
        "identity_document": Category.C412,
        "residence_permit": Category.C412,
        "subject_link": Category.C412,
        "citizenship": Category.C412,
        "residence_registration": Category.C412,
        "protection_status": Category.C413,
        "social_status": Category.C31,
        "statistical_report": Category.C411,
        "tax_registration": Category.C414,
        "payroll_report": Category.C415,
        "activity_classification": Category.C416,
        "excise_contribution": Category.C417,
        "civil_status_act": Category.C31,
        "employment_contract": Category.C31,
        "vital_event_notice": Category.C31,
        "staff_fact": Category.C211,
    }


def test_family_life_health_and_persecution_are_special_category() -> None:
    special = {n for n, r in records().items() if r.classification is Classification.SPECIAL}
    family_and_health = {"civil_status_act", "vital_event_notice", "social_status"}
    assert special == {*family_and_health, "protection_status"}


def test_text_is_composed_and_single_spaced() -> None:
    person = records()["person"].model_validate(
        changed("person", givenName="Gu\u0308l \n çı\u0307")
    )
    assert person.model_dump()["givenName"] == "Gül çı\u0307"


@pytest.mark.parametrize(
    ("given_name", "fault"),
    [
        ("", "string_too_short"),
        (" \n", "string_too_short"),
        ("a\x00b", "value_error"),
        ("a\x1bb", "value_error"),
        ("a" * (MAX_TEXT + 1), "string_too_long"),
        # Composed forms of some letters are longer than the letters themselves.
        ("\u0958" * (MAX_TEXT - 1), "string_too_long"),
        ("\ud800", "string_unicode"),
        (None, "string_type"),
    ],
    ids=["empty", "blank", "nul", "escape", "long", "grows", "surrogate", "null"],
)
def test_text_that_cannot_be_stored_or_says_nothing_is_refused(
    given_name: str | None, fault: str
) -> None:
    values = changed("person", givenName=given_name)
    assert fault_of("person", values) == (fault, ("given_name",))


@pytest.mark.parametrize("text", ["1980", "1980-02", "1980-02-29"])
def test_a_birth_date_may_be_known_only_in_part(text: str) -> None:
    person = records()["person"].model_validate(changed("person", dateOfBirth=text))
    assert person.claims()[0].fields["dateOfBirth"] == text


@pytest.mark.parametrize("text", ["80", "1981-02-29", "1980-13", "29.02.1980", "1980-2", "0000"])
def test_a_birth_date_that_is_no_date_is_refused(text: str) -> None:
    fault = fault_of("person", changed("person", dateOfBirth=text))
    assert fault == ("value_error", ("date_of_birth",))


@pytest.mark.parametrize("text", ["2026-02-29", "01.02.2026", "2026-02-01T00:00:00", "20260201"])
def test_days_are_iso_dates_and_nothing_else(text: str) -> None:
    fault = fault_of("identity_document", changed("identity_document", dateIssued=text))
    assert fault == ("value_error", ("date_issued",))


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T23:30:00", "2026-02-30T00:00:00Z"])
def test_an_instant_without_its_offset_is_refused(text: str) -> None:
    fault = fault_of("vital_event_notice", changed("vital_event_notice", eventTime=text))
    assert fault == ("value_error", ("event_time",))


@pytest.mark.parametrize("amount", ["-1.00", "1.005", "1,50", "1e3", "NaN", "", "1" * 13])
def test_an_amount_has_at_most_two_places_and_no_sign(amount: str) -> None:
    values = changed("employment_contract", wage={"amount": amount})
    assert fault_of("employment_contract", values) == ("value_error", ("wage", "amount"))


@pytest.mark.parametrize("amount", [Decimal(800), Decimal("800.0"), "800", "800.00"])
def test_an_amount_is_written_with_two_places(amount: Decimal | str) -> None:
    values = changed("employment_contract", wage={"amount": amount})
    contract = EmploymentContract.model_validate(values)
    assert contract.wage.amount == Decimal(800)
    assert contract.model_dump(mode="json")["wage"] == {"amount": "800.00", "currency": "AZN"}


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("1.005"), Decimal("NaN"), 800, 800.0])
def test_an_amount_that_is_not_exact_money_is_refused(amount: object) -> None:
    _, location = fault_of(
        "employment_contract", changed("employment_contract", wage={"amount": amount})
    )
    assert location == ("wage", "amount")


def test_an_address_must_tell_where_it_is() -> None:
    blank = {"adminUnitL1": "AZ", "addressType": "registered"}
    assert fault_of("person", changed("person", domicile=blank)) == ("required", ("domicile",))
    for name in ("fullAddress", "addressId", "adminUnitCode"):
        values = {"domicile": {name: "1", "addressType": "registered"}}
        assert claims_of("person", **values)[0].fields["domicile"][name] == "1"


def test_an_act_has_participants() -> None:
    values = changed("civil_status_act", participants=[])
    assert fault_of("civil_status_act", values) == ("too_short", ("participants",))


def test_a_name_change_and_only_a_name_change_states_a_new_name() -> None:
    without = changed("civil_status_act", actType="name-change")
    assert fault_of("civil_status_act", without) == ("required", ("new_name",))
    new_name = {"givenName": "Yeni", "familyName": "Nümunəyev"}
    surplus = changed("civil_status_act", newName=new_name)
    assert fault_of("civil_status_act", surplus) == ("value_error", ("new_name",))


def test_a_faulty_act_type_is_not_blamed_on_the_new_name() -> None:
    values = changed("civil_status_act", actType="coronation")
    assert fault_of("civil_status_act", values) == ("literal_error", ("act_type",))


def test_an_entrepreneur_is_registered_with_a_fin() -> None:
    without = changed("tax_registration", taxpayerType="entrepreneur")
    assert fault_of("tax_registration", without) == ("required", ("person",))
    (claim,) = claims_of("tax_registration", taxpayerType="entrepreneur", person=fin("TST0001"))
    assert claim.fields["taxpayerType"] == "entrepreneur"


@given(st.text(max_size=12))
def test_any_text_is_refused_or_comes_back_as_it_was_kept(text: str) -> None:
    person_class = records()["person"]
    with contextlib.suppress(ValidationError):
        person = person_class.model_validate(changed("person", placeOfBirth=text))
        dump = person.model_dump(mode="json", exclude_none=True)
        assert unicodedata.is_normalized("NFC", dump["placeOfBirth"])
        assert person_class.model_validate(dump) == person
