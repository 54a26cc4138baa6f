"""Ministry of Economy: contributions on goods, calculated and paid, as XML batches."""

from __future__ import annotations

from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Occasion
from hub.simulator.markup import document, instant
from hub.simulator.ministries.economy_words import OPERATIONS, header

NAMESPACE = "urn:synthetic:economy:excise:v1"

_GOODS = {
    "PETROL": ("LITRE", 2),
    "DIESEL": ("LITRE", 2),
    "LPG": ("LITRE", 2),
    "VODKA_FORTIFIED_LIQUEUR": ("LITRE", 20),
    "BEER": ("LITRE", 5),
    "CIGARILLO": ("1000_PIECES", 150),
    "CIGARETTE": ("1000_PIECES", 150),
    "ENERGY_DRINK": ("LITRE", 10),
}
_KEY = ("@goods", "@origin", "@stage")


def tell(occasion: Occasion) -> Document:
    """Make a batch of declarations."""
    declarations = occasion.draw.choices((1, 2), (80, 20))[0]
    told = [_declaration(occasion) for _ in range(declarations)]
    return Document(FORM, header(occasion) | {"ExciseDeclaration": told})


def _declaration(occasion: Occasion) -> Content:
    draw = occasion.draw
    goods = draw.sample(sorted(_GOODS), draw.choices((1, 2, 5), (60, 30, 10))[0])
    stages = ("CALCULATED", "PAID") if occasion.chance(0.7) else ("CALCULATED",)
    month = f"{draw.randrange(1, 13):02d}"
    year = occasion.at.year - 1
    return {
        "@voen": occasion.company().voen,
        "@period": draw.choice((f"{year}-{month}", f"{month}.{year}")),
        "@op": "NEW",
        "@at": instant(occasion.at),
        "Contribution": [
            _contribution(occasion, each, stage) for each in goods for stage in stages
        ],
    }


def _contribution(occasion: Occasion, goods: str, stage: str) -> Content:
    quantity = occasion.draw.randrange(1, 500_000)
    unit, hundredths = _GOODS[goods]
    due = quantity * hundredths
    return {
        "@goods": goods,
        "@origin": "PRODUCED",
        "@stage": stage,
        "Quantity": {"@unit": unit, "#": str(quantity)},
        "Amount": f"{due // 100}.{due % 100:02d}",
        "RateVersion": "SINAQ-2020" if occasion.chance(0.5) else None,
    }


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    declaration: Content = content["ExciseDeclaration"][0]
    contributions: list[Content] = declaration["Contribution"]
    if operation in ("annul", "restore"):
        contributions = [{key: each[key] for key in _KEY} for each in contributions]
    operated = {
        "@op": OPERATIONS[operation],
        "@at": instant(occasion.at),
        "Contribution": contributions,
    }
    return header(occasion) | {"ExciseDeclaration": [declaration | operated]}


def _records(content: Content) -> list[list[str]]:
    return [
        ["excise_contribution"] * len(declaration["Contribution"])
        for declaration in content["ExciseDeclaration"]
    ]


def _render(content: Content) -> bytes:
    return document("ExciseDeclarations", NAMESPACE, content)


_D = "ExciseDeclaration/0/"
_C = _D + "Contribution/0/"
_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    ("required", _D + "@period", REMOVED, None),
    ("voen-format", _D + "@voen", "0012", None),
    ("period-format", _D + "@period", "00.2025", None),
    ("instant-format", _D + "@at", "dünən", None),
    ("occurred-in-future", _D + "@at", FAR, None),
    ("unknown-code", _D + "@op", "FORGET", None),
    ("required", _C + "Amount", REMOVED, 0),
    ("unknown-code", _C + "@goods", "WINE", 0),
    ("value", _C + "Amount", "1.005", 0),
    ("unit-not-convertible", _C + "Quantity/@unit", "TONNE", 0),
    ("supplier-not-set", _C + "@origin", "IMPORTED", 0),
    ("unknown-field", _C + "Brand", "x", 0),
)

FORM = Form(
    ministry="economy",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="ExciseDeclaration",
)
