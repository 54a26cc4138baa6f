"""Taxpayers in the JSON shape of the public taxpayer answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Reading, maybe
from connectors._kit.json import Object
from connectors.economy.taxpayers import Dialect, Told, address, taxpayers
from schemas.build import build
from schemas.errors import Refused
from schemas.tax_registration import TaxRegistration

_KINDS = {"legalEntity": "legal-entity", "individual": "entrepreneur"}
_ACTIVITY = "activityCode"
_REFERENCE = ("tin", "changeKind", "changedAt", _ACTIVITY)
_TAXPAYER = ("name", "type", "active", "vatPayer", "taxAuthority", "legalTaxpayerStatus")
_TAXPAYER_STATUS = (
    "legalAddress",
    "legalForm",
    "voenRegisteredAt",
    "stateRegisteredAt",
    "taxpayerStatus",
)


def read(root: Object, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The records of all taxpayers in the document."""
    if not root.has("taxpayers"):
        raise Refused("unknown-document", "", "expected an object with taxpayers")
    root.only("messageId", "sentAt", "taxpayers")
    yield from taxpayers(_DIALECT, root.children("taxpayers"), raw, rules)


def _registration(told: Told[Object]) -> Normalized:
    taxpayer, reading = told.taxpayer, told.reading
    if not told.change.operation.carries_content:
        taxpayer.only(*_REFERENCE)
        return reading.target(told.ordinal, TaxRegistration, told.voen.urn, told.change)

    kind = reading.code(taxpayer, "type", _KINDS)
    is_person = kind == "entrepreneur"
    taxpayer.only(*_REFERENCE, *_TAXPAYER, *(("pin",) if is_person else ()))
    status = taxpayer.child("legalTaxpayerStatus")
    status.only(*_TAXPAYER_STATUS)
    own_status = _coded_name(reading, status, "taxpayerStatus")
    inactive = "liquidated" if own_status["code"] == "LIQUIDATED" else "suspended"
    maybe(reading.day, status, "stateRegisteredAt")
    values = {
        "identifier": told.voen,
        "taxpayer_type": kind,
        "legal_name": reading.text(taxpayer, "name"),
        "legal_form": maybe(partial(_coded_name, reading), status, "legalForm"),
        "legal_entity_status": "active" if taxpayer.boolean("active") else inactive,
        "status_code": own_status["code"],
        "registered_address": address(reading, status, "legalAddress", kind),
        "registration_date": reading.past_day(status, "voenRegisteredAt"),
        "tax_authority": maybe(partial(_coded_name, reading), taxpayer, "taxAuthority"),
        "person": reading.fin(taxpayer, "pin") if is_person else None,
        "vat_payer": maybe(Object.boolean, taxpayer, "vatPayer"),
    }
    record = build(TaxRegistration, values, {"": taxpayer.path})
    return reading.record(told.ordinal, record, told.change)


def _coded_name(reading: Reading, source: Object, name: str) -> Mapping[str, Any]:
    """An entry of a classifier, of whose names only the Azerbaijani is kept."""
    entry = source.child(name)
    entry.only("code", "name")
    names = entry.child("name")
    names.only("az", "ru", "en")
    return {"code": reading.text(entry, "code"), "name": reading.text(names, "az")}


_DIALECT = Dialect(
    taxpayer="taxpayers",
    voen="tin",
    operation="changeKind",
    at="changedAt",
    activity=_ACTIVITY,
    code="code",
    system="system",
    version="version",
    fields=(*_REFERENCE, *_TAXPAYER, "pin"),
    registration=_registration,
)
