"""Taxpayers as XML batches of the tax register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Reading
from connectors._kit.xml import Element, open_xml
from connectors.economy.taxpayers import Dialect, Told, address, taxpayers
from schemas.build import build
from schemas.tax_registration import TaxRegistration

NAMESPACE, NAME = "urn:synthetic:economy:tax-register:v1", "TaxRegister"

_KINDS = {"LEGAL": "legal-entity", "NATURAL": "entrepreneur"}
_STATUSES = {"ACTIVE": "active", "SUSPENDED": "suspended", "LIQUIDATED": "liquidated"}
_ACTIVITY = "ActivityCode"
_REFERENCE = ("@voen", "@kind", "@op", "@at", _ACTIVITY)
_TAXPAYER = (
    "FullName",
    "LegalFormCode",
    "LegalFormName",
    "Address",
    "StatusCode",
    "RegisteredOn",
)


def read(document: etree._Element, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of all taxpayers in the batch."""
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only("Header", "Taxpayer")
    yield from taxpayers(_DIALECT, root.children("Taxpayer"), raw, rules)


def _registration(told: Told[Element]) -> Normalized:
    taxpayer, reading = told.taxpayer, told.reading
    kind = reading.code(taxpayer, "@kind", _KINDS)
    if not told.change.operation.carries_content:
        taxpayer.only(*_REFERENCE)
        return reading.target(told.ordinal, TaxRegistration, told.voen.urn, told.change)

    is_person = kind == "entrepreneur"
    taxpayer.only(*_REFERENCE, *_TAXPAYER, *(("Pin",) if is_person else ()))
    has_form = taxpayer.has("LegalFormCode") or taxpayer.has("LegalFormName")
    values = {
        "identifier": told.voen,
        "taxpayer_type": kind,
        "legal_name": reading.text(taxpayer, "FullName"),
        "legal_form": _legal_form(reading, taxpayer) if has_form else None,
        "legal_entity_status": reading.code(taxpayer, "StatusCode", _STATUSES),
        "status_code": reading.text(taxpayer, "StatusCode"),
        "registered_address": address(reading, taxpayer, "Address", kind),
        "registration_date": reading.past_day(taxpayer, "RegisteredOn"),
        "person": reading.fin(taxpayer, "Pin") if is_person else None,
    }
    record = build(TaxRegistration, values, {"": taxpayer.path})
    return reading.record(told.ordinal, record, told.change)


def _legal_form(reading: Reading, taxpayer: Element) -> Mapping[str, Any]:
    return {
        "code": reading.text(taxpayer, "LegalFormCode"),
        "name": reading.text(taxpayer, "LegalFormName"),
    }


_DIALECT = Dialect(
    taxpayer="Taxpayer",
    voen="@voen",
    operation="@op",
    at="@at",
    activity=_ACTIVITY,
    code="",
    system="@system",
    version="@version",
    fields=(*_REFERENCE, *_TAXPAYER, "Pin"),
    registration=_registration,
)
