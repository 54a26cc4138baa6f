"""What one field of a record demands of another."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.activity_classification import parse_activity_code
from schemas.catalogue import records
from schemas.errors import Refused
from schemas.excise_contribution import UNITS
from schemas.payroll_report import PayrollReport
from tests.unit.schemas.samples import EXAMPLES, changed, claims_of


def fault(record_type: str, **values: Any) -> tuple[str, str]:
    """Kind and field of the first fault of the example with other values."""
    with pytest.raises(ValidationError) as caught:
        records()[record_type].model_validate(changed(record_type, **values))
    first = caught.value.errors()[0]
    return first["type"], ".".join(map(str, first["loc"]))


def report(**values: Any) -> PayrollReport:
    return PayrollReport.model_validate(changed("payroll_report", **values))


def test_a_citizenship_that_is_held_has_not_been_lost() -> None:
    assert fault("citizenship", status="held") == ("value_error", "date_lost")


def test_a_pension_or_benefit_says_of_which_kind_it_is_and_nothing_else_has_a_kind() -> None:
    assert fault("social_status", kind=None)[1] == "kind"
    assert fault("social_status", statusType="benefit") == ("value_error", "kind")
    assert fault("social_status", statusType="unemployment") == ("value_error", "kind")


def test_only_a_disability_has_a_degree() -> None:
    assert fault("social_status", disabilityDegree="1") == ("value_error", "disability_degree")


def test_a_figure_is_told_or_suppressed_and_never_both() -> None:
    assert fault("statistical_report", suppressed=True) == ("value_error", "value")
    without = {
        name: part for name, part in EXAMPLES["statistical_report"].items() if name != "value"
    }
    with pytest.raises(ValidationError, match="a figure that is not suppressed has a value"):
        records()["statistical_report"].model_validate(without)
    suppressed = records()["statistical_report"].model_validate({**without, "suppressed": True})
    assert suppressed.model_dump(exclude_none=True).get("value") is None


@pytest.mark.parametrize("goods", UNITS)
def test_goods_are_counted_in_their_own_unit_alone(goods: str) -> None:
    other = {"litre": "1000-pieces", "1000-pieces": "litre"}[UNITS[goods]]  # type: ignore[index]
    assert fault("excise_contribution", goods=goods, unit=other) == ("value_error", "unit")


@pytest.mark.parametrize("unit", ["tonne", "kilogram"])
def test_weight_is_no_unit_of_a_contribution(unit: str) -> None:
    assert fault("excise_contribution", unit=unit) == ("literal_error", "unit")


def test_what_is_calculated_and_what_is_paid_are_two_facts() -> None:
    of = records()["excise_contribution"].model_validate
    calculated = of(EXAMPLES["excise_contribution"])
    paid = of(changed("excise_contribution", stage="paid"))
    assert calculated.subject == paid.subject
    assert calculated.fact_key != paid.fact_key


def test_totals_that_the_lines_add_up_to_are_no_mismatch() -> None:
    assert report().mismatches() == ()


def test_totals_are_kept_as_stated_and_each_mismatch_is_named() -> None:
    stated = report(employees=2, wageFund="1.00", employerPremium="0.00")
    assert stated.mismatches() == ("employees", "wage_fund", "employer_premium")
    assert str(stated.wage_fund) == "1.00"


def test_a_worker_with_two_lines_is_one_employee() -> None:
    (line,) = EXAMPLES["payroll_report"]["lines"]
    twice = report(lines=[line, line], wageFund="4800.00", employeePremium="96.00")
    assert twice.mismatches() == ("employer_premium",)


@pytest.mark.parametrize(("period", "most"), [("2026-01", 1), ("2026-Q1", 3), ("2026", 12)])
def test_a_line_has_no_more_months_than_the_period(period: str, most: int) -> None:
    (line,) = EXAMPLES["payroll_report"]["lines"]
    assert report(period=period, lines=[{**line, "months": most}]).lines[0].months == most
    with pytest.raises(ValidationError):
        report(period=period, lines=[{**line, "months": most + 1}])


@pytest.mark.parametrize("text", ["6201", "62.01", "62011", "62.011", "6201001", "62.01001"])
def test_an_activity_code_has_4_5_or_7_digits(text: str) -> None:
    assert parse_activity_code(text) == text.replace(".", "")


@pytest.mark.parametrize(
    "text", ["", "620", "620100", "62.0", "6.201", "62O1", "62,01", "6201.001"]
)
def test_another_activity_code_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="activity-code-format"):
        parse_activity_code(text)


def test_a_standing_registration_of_residence_is_the_domicile() -> None:
    standing = {**EXAMPLES["residence_registration"]}
    del standing["dateEnded"]
    (claim,) = records()["residence_registration"].model_validate(standing).claims()
    assert claim.fields["domicile"] == standing["address"]


def test_a_stay_and_an_ended_registration_claim_no_domicile() -> None:
    assert claims_of("residence_registration") == ()
    assert claims_of("residence_registration", registrationType="stay", dateEnded=None) == ()
