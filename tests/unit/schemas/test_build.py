from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.build import build
from schemas.catalogue import records
from schemas.civil_status_act import CivilStatusAct
from schemas.employment_contract import EmploymentContract
from schemas.errors import Refused
from schemas.identifiers import Identifier
from schemas.person import Person
from schemas.record import MAX_TEXT, Claim, Value

FIN = Identifier(notation="TST0001", type="urn:az:pid:fin")
VALUES: dict[str, Any] = {
    "identifier": FIN,
    "given_name": "Sınaq",
    "family_name": "Nümunəyev",
    "sex": "male",
    "date_of_birth": "1980",
}
PATHS = {"": "Person", "given_name": "Person/Name", "domicile": "Person/Residence"}


def refusal(paths: dict[str, str] = PATHS, **changes: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        build(Person, {**VALUES, **changes}, paths)
    return caught.value


def test_a_record_is_built_from_values_by_field_name() -> None:
    person = build(Person, {**VALUES, "date_of_death": date(2026, 3, 1)}, PATHS)
    assert person.subject == "urn:az:pid:fin:TST0001"
    assert person.date_of_death == date(2026, 3, 1)


def test_none_means_absent_at_any_depth() -> None:
    received = {"given_name": "SINAQ", "family_name": None}
    person = build(Person, {**VALUES, "citizenship": None, "names_as_received": received}, PATHS)
    assert person.citizenship == []
    assert person.model_dump(mode="json", exclude_none=True)["namesAsReceived"] == {
        "givenName": "SINAQ"
    }


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, "required"),
        ("", "required"),
        (7, "type"),
        (["Sınaq"], "type"),
        ("a" * (MAX_TEXT + 1), "text-length"),
        ("a\x00", "value"),
    ],
)
def test_each_fault_of_a_text_has_its_rule(value: object, rule: str) -> None:
    error = refusal(given_name=value)
    assert (error.rule, error.field) == (rule, "Person/Name")


def test_a_code_that_was_not_agreed_is_an_unknown_code() -> None:
    assert refusal(sex="m").rule == "unknown-code"
    assert refusal(patronymic_suffix="oglu").rule == "unknown-code"


def test_a_field_that_was_not_agreed_is_an_unknown_field() -> None:
    assert refusal(blood_group="0").rule == "unknown-field"


def test_a_wrong_part_is_a_wrong_type() -> None:
    assert refusal(domicile="Bakı").rule == "type"
    assert refusal(citizenship="AZE").rule == "type"


def test_a_missing_part_of_an_address_is_required() -> None:
    error = refusal(domicile={"address_type": "registered"})
    assert (error.rule, error.field) == ("required", "Person/Residence")


def test_a_list_without_members_is_required() -> None:
    act = Identifier(notation="000-1", type="urn:az:act")
    values = {"act": act, "act_type": "birth", "act_date": date(2026, 3, 1), "participants": []}
    with pytest.raises(Refused) as caught:
        build(CivilStatusAct, values, {"participants": "Act/Participant"})
    assert (caught.value.rule, caught.value.field) == ("required", "Act/Participant")


def test_an_inner_field_has_its_own_path_or_that_of_the_outer_one() -> None:
    values = {"contract": FIN, "employer": {"identifier": FIN, "legal_name": 5}}
    for paths, expected in (
        ({"employer.legal_name": "c.employer.name", "employer": "c.employer"}, "c.employer.name"),
        ({"employer": "c.employer"}, "c.employer"),
        ({"": "c"}, "c"),
        ({}, "employer.legal_name"),
    ):
        with pytest.raises(Refused) as caught:
            build(EmploymentContract, values, paths)
        assert (caught.value.rule, caught.value.field) == ("type", expected)


def test_the_first_fault_in_the_order_of_fields_is_the_one_named() -> None:
    error = refusal(sex=None, given_name=None)
    assert error.field == "Person/Name"


@pytest.mark.parametrize(
    "changes",
    [
        {"sex": "TST0007"},
        {"given_name": ["TST0007"]},
        {"date_of_birth": "TST0007"},
        {"date_of_death": "TST0007"},
        {"citizenship": ["TST0007"]},
        {"domicile": {"address_type": "TST0007"}},
    ],
)
def test_a_refusal_never_carries_the_value(changes: dict[str, Any]) -> None:
    error = refusal(**changes)
    assert "TST0007" not in str(error)
    assert error.explanation
    assert error.__cause__ is None
    assert error.__context__ is None


def parts_of_records() -> list[type[BaseModel]]:
    """Every class a record may be made of; the catalogue has loaded them all."""
    assert records()
    found, waiting = set[type[BaseModel]](), [Value]
    while waiting:
        more = [kind for kind in waiting.pop().__subclasses__() if kind not in found]
        found.update(more)
        waiting += more
    return sorted(found - {Claim}, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", parts_of_records(), ids=lambda kind: kind.__qualname__)
def test_none_says_no_more_than_absence_in_any_field(kind: type[BaseModel]) -> None:
    for name, field in kind.model_fields.items():
        annotation: Any = field.annotation
        if field.metadata:
            annotation = Annotated[annotation, *field.metadata]
        takes: TypeAdapter[Any] = TypeAdapter(annotation)
        try:
            takes.validate_python(None)
        except ValidationError:
            continue
        assert (field.is_required(), field.get_default()) == (False, None), name
