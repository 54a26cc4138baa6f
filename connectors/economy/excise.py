"""Declarations of contributions on fuel, alcohol, tobacco and energy drinks.

The customs committee collects them on imports, but is not among the sources the decree names:
figures on imports are taken only from a ministry that a setting allows to tell them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from lxml import etree

from connectors._kit.contract import Item, Normalized, RawMessage, Rejected, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.source import check_count
from connectors._kit.xml import Element, open_xml
from connectors.economy.operations import OPERATIONS
from schemas.build import build
from schemas.errors import Refused
from schemas.excise_contribution import UNITS, ExciseContribution, Goods
from schemas.identifiers import Identifier

NAMESPACE, NAME = "urn:synthetic:economy:excise:v1", "ExciseDeclarations"

_GOODS: dict[str, Goods] = {
    "PETROL": "petrol",
    "DIESEL": "diesel",
    "LPG": "lpg",
    "VODKA_FORTIFIED_LIQUEUR": "vodka-fortified-liqueur",
    "BEER": "beer",
    "CIGARILLO": "cigarillo",
    "CIGARETTE": "cigarette",
    "ENERGY_DRINK": "energy-drink",
}
_ORIGINS = {"PRODUCED": "produced", "IMPORTED": "imported"}
_STAGES = {"CALCULATED": "calculated", "PAID": "paid"}
_UNITS = {"LITRE": "litre", "1000_PIECES": "1000-pieces", "TONNE": "tonne", "KG": "kilogram"}
_KEY = ("@stage", "@goods", "@origin")
_CUSTOMS_DIGITS = 10


@dataclass(frozen=True, slots=True)
class _Declared:
    """What all contributions of a declaration share."""

    payer: Identifier
    period: str
    change: Change
    with_imports: bool


def read(document: etree._Element, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``excise_contribution`` per ``Contribution`` of each declaration."""
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only("Header", "ExciseDeclaration")
    declarations = [
        (declaration, declaration.children("Contribution"))
        for declaration in root.children("ExciseDeclaration")
    ]
    if not declarations:
        raise Refused("required", "ExciseDeclaration", "must be given")
    check_count(sum(len(contributions) or 1 for _, contributions in declarations), rules.limits)
    first = 0
    for declaration, contributions in declarations:
        yield from _declaration(declaration, contributions, first, raw, rules)
        first += len(contributions) or 1


def _declaration(
    declaration: Element, contributions: list[Element], first: int, raw: RawMessage, rules: Rules
) -> Iterator[Item]:
    reading = Reading(raw, rules)
    try:
        declared = _shared(declaration, reading, raw.ministry in rules.import_suppliers)
    except Refused as error:
        yield from (Rejected(first + index, error) for index in range(len(contributions) or 1))
        return
    for ordinal, contribution in enumerate(contributions, first):
        yield attempt(ordinal, partial(_contribution, contribution, declared, reading, ordinal))
        reading = Reading(raw, rules)  # doubts about the payer are kept once, with the first


def _shared(declaration: Element, reading: Reading, with_imports: bool) -> _Declared:
    declaration.only("@voen", "@period", "@op", "@at", "Contribution")
    operation = reading.code(declaration, "@op", OPERATIONS)
    change = Change(operation, reading.occurred(declaration, "@at"))
    payer, period = reading.voen(declaration, "@voen"), reading.period(declaration, "@period")
    if not declaration.has("Contribution"):
        raise Refused("required", declaration.at("Contribution"), "must be given")
    return _Declared(payer, period, change, with_imports)


def _contribution(
    contribution: Element, declared: _Declared, reading: Reading, ordinal: int
) -> Normalized:
    goods = reading.code(contribution, "@goods", _GOODS)
    origin = reading.code(contribution, "@origin", _ORIGINS)
    stage = reading.code(contribution, "@stage", _STAGES)
    if origin == "imported" and not declared.with_imports:
        explanation = "no supplier of figures on imports is set"
        raise Refused("supplier-not-set", contribution.at("@origin"), explanation)
    if not declared.change.operation.carries_content:
        contribution.only(*_KEY)
        key = ExciseContribution.key(declared.period, goods, origin, stage)
        subject = declared.payer.urn
        return reading.target(ordinal, ExciseContribution, subject, declared.change, key)

    contribution.only(*_KEY, "Quantity", "Amount", "CustomsCode", "RateVersion")
    unit, quantity = _quantity(contribution.child("Quantity"), goods, reading)
    values = {
        "payer": declared.payer,
        "period": declared.period,
        "goods": goods,
        "origin": origin,
        "stage": stage,
        "quantity": quantity,
        "unit": unit,
        "amount": reading.decimal(contribution, "Amount", 2),
        "customs_code": maybe(_customs_code, contribution, "CustomsCode"),
        "rate_version": maybe(reading.classifier, contribution, "RateVersion"),
    }
    record = build(ExciseContribution, values, {"": contribution.path})
    return reading.record(ordinal, record, declared.change)


def _quantity(quantity: Element, goods: Goods, reading: Reading) -> tuple[str, Decimal]:
    """Unit and quantity; a unit that is not that of the goods would have to be converted."""
    quantity.only("@unit")
    unit = reading.code(quantity, "@unit", _UNITS)
    if unit != UNITS[goods]:
        explanation = f"must be told in the unit of these goods, {UNITS[goods]}"
        raise Refused("unit-not-convertible", quantity.at("@unit"), explanation)
    return unit, reading.decimal(quantity, "", 4)


def _customs_code(contribution: Element, name: str) -> str:
    """An XİF MN code, which is printed in groups: ``2207 10 000 0``."""
    code = "".join(contribution.text(name).split())
    if not (code.isascii() and code.isdigit() and len(code) == _CUSTOMS_DIGITS):
        raise Refused("value", contribution.at(name), f"must be {_CUSTOMS_DIGITS} digits")
    return code
