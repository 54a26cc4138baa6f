"""Ministry of Economy: payroll returns as XML batches, amended by version."""

from __future__ import annotations

from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Occasion
from hub.simulator.markup import document, instant
from hub.simulator.ministries.economy_words import OPERATIONS, header

NAMESPACE = "urn:synthetic:economy:payroll:v1"

_WORKERS = ((1, 3, 12), (60, 30, 10))
_MONTHS = 3


def tell(occasion: Occasion) -> Document:
    """Make a batch of returns."""
    returns = occasion.draw.choices((1, 2), (80, 20))[0]
    told = [_return(occasion) for _ in range(returns)]
    return Document(FORM, header(occasion) | {"PayrollReturn": told})


def _return(occasion: Occasion) -> Content:
    draw = occasion.draw
    lines = [_line(occasion) for _ in range(draw.choices(*_WORKERS)[0])]
    wages = sum(line["wage"] for line in lines)
    # Some employers cannot add; the hub takes their returns, and says so.
    stated = wages + (100 if occasion.chance(0.05) else 0)
    premium = sum(line["premium"] for line in lines)
    return {
        "@voen": occasion.company().voen,
        "@period": f"{occasion.at.year - 1}-Q{draw.randrange(1, 5)}",
        "@version": str(occasion.sequence),
        "@op": draw.choices(("NEW", "SNAPSHOT"), (90, 10))[0],
        "@at": instant(occasion.at),
        "Employees": str(len({line["fin"] for line in lines})),
        "WageFund": _money(stated, draw.choice(".,")),
        "EmployeePremium": _money(premium),
        "EmployerPremium": _money(premium),
        "Line": [_element(line) for line in lines],
    }


def _line(occasion: Occasion) -> Content:
    wage = occasion.draw.randrange(40_000, 900_000)
    return {
        "fin": occasion.person().fin,
        "months": occasion.draw.randrange(1, _MONTHS + 1),
        "wage": wage,
        "premium": wage // 50,
    }


def _element(line: Content) -> Content:
    return {
        "@fin": line["fin"],
        "@months": str(line["months"]),
        "Wage": _money(line["wage"]),
        "EmployeePremium": _money(line["premium"]),
        "EmployerPremium": _money(line["premium"]),
    }


def _money(hundredths: int, mark: str = ".") -> str:
    return f"{hundredths // 100}{mark}{hundredths % 100:02d}"


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    filed: Content = content["PayrollReturn"][0]
    if operation in ("annul", "restore"):
        filed = {key: filed[key] for key in ("@voen", "@period")}
    operated = {
        "@version": str(occasion.sequence),
        "@op": OPERATIONS[operation],
        "@at": instant(occasion.at),
    }
    return header(occasion) | {"PayrollReturn": [filed | operated]}


def _records(content: Content) -> list[list[str]]:
    return [["payroll_report"] for _ in content["PayrollReturn"]]


def _render(content: Content) -> bytes:
    return document("PayrollReturns", NAMESPACE, content)


_R = "PayrollReturn/0/"
_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", _R + "@period", REMOVED),
    ("required", _R + "@version", REMOVED),
    ("required", _R + "WageFund", REMOVED),
    ("voen-format", _R + "@voen", "0012"),
    ("fin-format", _R + "Line/0/@fin", "TST1"),
    ("value", _R + "WageFund", "1 000.00"),
    ("value", _R + "Line/0/Wage", "-5"),
    ("value", _R + "Line/0/@months", "13"),
    ("period-format", _R + "@period", "2025-Q5"),
    ("date-future", _R + "@period", "2190-Q1"),
    ("instant-format", _R + "@at", "dünən"),
    ("occurred-in-future", _R + "@at", FAR),
    ("unknown-code", _R + "@op", "FORGET"),
    ("unknown-field", _R + "Bonus", "1"),
)

FORM = Form(
    ministry="economy",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="PayrollReturn",
)
