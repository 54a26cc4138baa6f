"""Statistics of facilities and territories: figures only, nothing about a person has a place."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from lxml import etree

from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt
from connectors._kit.xml import Element, open_xml
from connectors.health.actions import ACTIONS
from schemas.build import build
from schemas.errors import Refused
from schemas.identifiers import Identifier, Namespaces
from schemas.statistical_report import StatisticalReport

NAMESPACE, NAME = "urn:synthetic:health:statistics:v1", "StatisticalReports"

_UNITS = {
    "PERSON": "person",
    "CASE": "case",
    "SERVICE": "service",
    "BED": "bed",
    "DAY": "day",
    "PERCENT": "percent",
    "PER_1000": "per-1000",
    "AZN": "manat",
}
_OF_PEOPLE = ("person", "case")
_SUPPRESSED = {"true": True, "false": False}
_KEY = ("@action", "@at", "@facility", "@territory", "@period", "@indicator")
_PLACES = 4


def read(document: etree._Element, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``statistical_report`` per ``Report``."""
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only("Report", "@batch", "@created")
    reports = root.children("Report")
    if not reports:
        raise Refused("required", "Report", "must be given")
    for ordinal, report in enumerate(reports):
        yield attempt(ordinal, partial(_report, Reading(raw, rules), rules, ordinal, report))


def _report(reading: Reading, rules: Rules, ordinal: int, report: Element) -> Normalized:
    operation = reading.code(report, "@action", ACTIONS)
    change = Change(operation, reading.occurred(report, "@at"))
    place_type, place = _place(reading, rules.namespaces, report)
    period = reading.period(report, "@period")
    indicator = reading.classifier(report, "@indicator")
    if not operation.carries_content:
        report.only(*_KEY)
        key = StatisticalReport.key(indicator, period)
        return reading.target(ordinal, StatisticalReport, place.urn, change, key)

    report.only(*_KEY, "@suppressed", "Value", "Unit")
    unit = reading.code(report, "Unit", _UNITS)
    value = _value(reading, report)
    if unit in _OF_PEOPLE and value is not None and 0 < value < rules.smallest_count:
        value = None
    values = {
        "place": place,
        "place_type": place_type,
        "period": period,
        "indicator": indicator,
        "unit": unit,
        "suppressed": value is None,
        "value": value,
    }
    return reading.record(ordinal, build(StatisticalReport, values, {"": report.path}), change)


def _place(reading: Reading, namespaces: Namespaces, report: Element) -> tuple[str, Identifier]:
    """The facility or, with the code of its AZS 882 unit, the territory a figure is about."""
    if not report.has("@territory"):
        facility = reading.digits(report, "@facility", 6, 6)
        return "facility", Identifier(notation=facility, type=namespaces.facility)
    if report.has("@facility"):
        raise Refused("value", report.at("@territory"), "given beside a facility")
    territory = reading.classifier(report, "@territory", 20)
    return "territory", Identifier(notation=territory, type=namespaces.territory)


def _value(reading: Reading, report: Element) -> Decimal | None:
    """The figure; None where the ministry itself suppresses it."""
    if report.has("@suppressed") and reading.code(report, "@suppressed", _SUPPRESSED):
        if report.has("Value"):
            raise Refused("value", report.at("Value"), "given though suppressed")
        return None
    return reading.decimal(report, "Value", _PLACES)
