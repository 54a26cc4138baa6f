"""Ministry of Health: figures of facilities and territories."""

from __future__ import annotations

from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Occasion
from hub.simulator.markup import document, instant

NAMESPACE = "urn:synthetic:health:statistics:v1"

_OPERATIONS = {
    "change": "AMEND",
    "correct": "CORRECT",
    "annul": "CANCEL",
    "restore": "RESTORE",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFY",
}
_INDICATORS = {
    "BEDS": "BED",
    "ADMISSIONS": "CASE",
    "PATIENTS": "PERSON",
    "STAYS": "DAY",
    "OCCUPANCY": "PERCENT",
    "VISITS": "SERVICE",
    "RATE": "PER_1000",
    "COST": "AZN",
}
_KEY = ("@facility", "@territory", "@period", "@indicator")


def tell(occasion: Occasion) -> Document:
    """Make a batch of figures of one place and period."""
    figures = occasion.draw.choices((1, 3, 8), (40, 40, 20))[0]
    draw = occasion.draw
    place = (
        {"@facility": f"{draw.randrange(2_000):06d}"}
        if occasion.chance(0.8)
        else {"@territory": f"AZS-{draw.randrange(90):03d}"}
    )
    period = draw.choice((f"{occasion.at.year - 1}-Q{draw.randrange(1, 5)}", occasion.at.year - 1))
    indicators = draw.sample(sorted(_INDICATORS), figures)
    reports = [_report(occasion, place, str(period), name) for name in indicators]
    return Document(FORM, _header(occasion) | {"Report": reports})


def _header(occasion: Occasion) -> Content:
    return {"@batch": occasion.message_id, "@created": instant(occasion.at)}


def _report(occasion: Occasion, place: Content, period: str, indicator: str) -> Content:
    suppressed = occasion.chance(0.05)
    return {
        "@action": "NEW",
        "@at": instant(occasion.at),
        **place,
        "@period": period,
        "@indicator": indicator,
        "@suppressed": "true" if suppressed else None,
        "Value": None if suppressed else _figure(occasion),
        "Unit": _INDICATORS[indicator],
    }


def _figure(occasion: Occasion) -> str:
    whole = occasion.draw.randrange(10_000)
    return f"{whole},{occasion.draw.randrange(100):02d}" if occasion.chance(0.3) else str(whole)


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    report: Content = content["Report"][0]
    if operation in ("annul", "restore"):
        report = {key: report[key] for key in _KEY if key in report}
    elif report["Value"] is not None:
        report = report | {"Value": _figure(occasion)}
    operated = {"@action": _OPERATIONS[operation], "@at": instant(occasion.at)}
    return _header(occasion) | {"Report": [report | operated]}


def _records(content: Content) -> list[list[str]]:
    return [["statistical_report"] for _ in content["Report"]]


def _render(content: Content) -> bytes:
    return document("StatisticalReports", NAMESPACE, content)


_R = "Report/0/"
_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", _R + "@at", REMOVED),
    ("required", _R + "@indicator", REMOVED),
    ("required", _R + "Unit", REMOVED),
    ("required", _R + "Value", REMOVED),
    ("value", _R + "@facility", "12"),
    ("value", _R + "Value", "-3"),
    ("value", _R + "@indicator", "A:B"),
    ("period-format", _R + "@period", "2025-13"),
    ("date-future", _R + "@period", "2190"),
    ("instant-format", _R + "@at", "now"),
    ("occurred-in-future", _R + "@at", FAR),
    ("unknown-code", _R + "@action", "GUESS"),
    ("unknown-code", _R + "Unit", "FURLONG"),
    ("unknown-field", _R + "Patient", "x"),
)

FORM = Form(
    ministry="health",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="Report",
)
