"""Returns, declarations and statistics: totals, versions, units, imports and small counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors._kit.contract import Connector, Normalized, RawMessage, Rules
from connectors.economy.connector import CONNECTOR as ECONOMY
from connectors.health.connector import CONNECTOR as HEALTH
from schemas.excise_contribution import ExciseContribution
from schemas.payroll_report import PayrollReport
from schemas.statistical_report import StatisticalReport
from tests.connectors.golden import golden
from tests.connectors.messages import accepted, refusals


def sample(connector: Connector, name: str) -> RawMessage:
    found = [each for each in golden(connector) if each.document.name.startswith(name)]
    return found[0].raw


def edited(raw: RawMessage, old: str, new: str) -> RawMessage:
    text = raw.body.decode()
    assert old in text
    return replace(raw, body=text.replace(old, new).encode())


def read(raw: RawMessage, rules: Rules | None = None) -> list[Normalized]:
    connector = {"economy": ECONOMY, "health": HEALTH}[raw.ministry]
    return accepted(connector.normalize(raw, rules or Rules()))


def test_totals_that_do_not_reconcile_are_findings_and_nothing_is_lost() -> None:
    items = read(sample(ECONOMY, "payroll-totals-mismatch"))
    assert [[(f.rule, f.field) for f in item.findings] for item in items] == [
        [
            ("totals-mismatch", "PayrollReturn[1]/Employees"),
            ("totals-mismatch", "PayrollReturn[1]/EmployerPremium"),
        ],
        [("totals-mismatch", "PayrollReturn[2]/Employees")],
    ]
    report = items[0].record
    assert isinstance(report, PayrollReport)
    assert report.wage_fund == Decimal("1000.5")


def test_returns_of_a_payer_and_period_are_one_fact_ordered_by_version() -> None:
    items = read(sample(ECONOMY, "payroll-every-operation"))
    assert {(item.subject, item.fact_key) for item in items} == {
        ("urn:az:org:voen:0000000391", "2025-Q4")
    }
    assert [item.sequence for item in items] == [1, 2, 3, 4, 5, 6, 7]


def test_calculated_and_paid_are_facts_of_their_own() -> None:
    first, second = read(sample(ECONOMY, "excise-every-operation"))[:2]
    assert first.fact_key == "2025-12:beer:produced:calculated"
    assert second.fact_key == "2025-12:beer:produced:paid"


@pytest.mark.parametrize("unit", ["TONNE", "KG", "1000_PIECES"])
def test_no_unit_is_ever_converted(unit: str) -> None:
    raw = edited(sample(ECONOMY, "excise-every-operation"), 'unit="LITRE"', f'unit="{unit}"')
    told = refusals(ECONOMY.normalize(raw, Rules()))
    assert {rule for _, rule, _ in told} == {"unit-not-convertible"}
    assert all(field.endswith("Quantity/@unit") for _, _, field in told)


def test_imports_are_taken_only_from_a_ministry_that_is_set() -> None:
    raw = edited(sample(ECONOMY, "excise-every-operation"), "PRODUCED", "IMPORTED")
    told = refusals(ECONOMY.normalize(raw, Rules()))
    assert {rule for _, rule, _ in told} == {"supplier-not-set"}
    assert refusals(ECONOMY.normalize(raw, Rules(import_suppliers=frozenset({"justice"})))) == told
    items = read(raw, Rules(import_suppliers=frozenset({"economy"})))
    assert {item.fact_key.split(":")[2] for item in items} == {"imported"}
    assert isinstance(items[0].record, ExciseContribution)


@pytest.mark.parametrize(("smallest", "suppressed"), [(0, []), (3, []), (4, ["PATIENTS"])])
def test_small_counts_of_people_are_suppressed_where_it_is_set(
    smallest: int, suppressed: list[str]
) -> None:
    raw = sample(HEALTH, "statistics-every-unit")
    reports = [item.record for item in read(raw, Rules(smallest_count=smallest))]
    hidden = [each.indicator for each in reports if isinstance(each, StatisticalReport)
              and each.suppressed]  # fmt: skip
    assert hidden == ["RARE.CASES", *suppressed]


def test_a_suppressed_figure_is_not_in_the_record_at_all() -> None:
    (report, *_) = read(
        edited(sample(HEALTH, "statistics-every-action"), "118", "2"), Rules(smallest_count=5)
    )
    assert report.record is not None
    assert "value" not in report.record.model_dump(mode="json", exclude_none=True)


def test_figures_that_count_no_people_are_never_suppressed() -> None:
    raw = edited(sample(HEALTH, "statistics-every-unit"), "<Value>1200</Value>", "<Value>1</Value>")
    beds = read(raw, Rules(smallest_count=100))[0].record
    assert isinstance(beds, StatisticalReport)
    assert beds.value == 1
