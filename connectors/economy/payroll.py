"""Payroll returns: an employer's totals for a period and a line for each worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from lxml import etree

from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt
from connectors._kit.xml import Element, open_xml
from connectors.economy.operations import OPERATIONS
from schemas.build import build
from schemas.errors import Refused
from schemas.payroll_report import PayrollReport

NAMESPACE, NAME = "urn:synthetic:economy:payroll:v1", "PayrollReturns"

_KEY = ("@voen", "@period", "@version", "@op", "@at")
_TOTALS = {
    "employees": "Employees",
    "wage_fund": "WageFund",
    "employee_premium": "EmployeePremium",
    "employer_premium": "EmployerPremium",
}
_PLACES = 2


def read(document: etree._Element, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``payroll_report`` per return, whose version orders it among its amendments."""
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only("Header", "PayrollReturn")
    returns = root.children("PayrollReturn")
    if not returns:
        raise Refused("required", "PayrollReturn", "must be given")
    for ordinal, filed in enumerate(returns):
        yield attempt(ordinal, partial(_return, Reading(raw, rules), ordinal, filed))


def _return(reading: Reading, ordinal: int, filed: Element) -> Normalized:
    operation = reading.code(filed, "@op", OPERATIONS)
    version = reading.integer(filed, "@version")
    change = Change(operation, reading.occurred(filed, "@at"), version)
    payer, period = reading.voen(filed, "@voen"), reading.period(filed, "@period")
    if not operation.carries_content:
        filed.only(*_KEY)
        return reading.target(ordinal, PayrollReport, payer.urn, change, fact_key=period)

    filed.only(*_KEY, *_TOTALS.values(), "Line")
    lines = filed.children("Line")
    values = {
        "payer": payer,
        "period": period,
        "employees": reading.integer(filed, "Employees"),
        "wage_fund": reading.decimal(filed, "WageFund", _PLACES),
        "employee_premium": reading.decimal(filed, "EmployeePremium", _PLACES),
        "employer_premium": reading.decimal(filed, "EmployerPremium", _PLACES),
        "lines": [_line(reading, line) for line in lines],
    }
    paths = {"": filed.path, "lines": filed.at("Line")}
    paths |= {f"lines.{place}.months": line.at("@months") for place, line in enumerate(lines)}
    report = build(PayrollReport, values, paths)
    for total in report.mismatches():
        path = filed.at(_TOTALS[total])
        reading.doubt(path, "totals-mismatch", "is not what the lines add up to")
    return reading.record(ordinal, report, change)


def _line(reading: Reading, line: Element) -> Mapping[str, Any]:
    line.only("@fin", "@months", "Wage", "EmployeePremium", "EmployerPremium")
    return {
        "worker": reading.fin(line, "@fin"),
        "months": reading.integer(line, "@months"),
        "wage": reading.decimal(line, "Wage", _PLACES),
        "employee_premium": reading.decimal(line, "EmployeePremium", _PLACES),
        "employer_premium": reading.decimal(line, "EmployerPremium", _PLACES),
    }
