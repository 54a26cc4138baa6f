"""Taxpayers, in the JSON shape of the public taxpayer answer or as an XML batch.

The content type tells which; both make the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from connectors._kit.content import JSON, XML, check_content_type
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.json import Object, parse_json
from connectors._kit.source import Source
from connectors._kit.xml import Element, open_xml, parse_xml
from schemas.build import build
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.tax_registration import TaxRegistration

CONTENT_TYPES = (*JSON, *XML)
NAMESPACE = "urn:synthetic:economy:tax-register:v1"

_OPERATIONS = {
    "NEW": Operation.CREATE,
    "CHANGE": Operation.CHANGE,
    "CORRECTION": Operation.CORRECT,
    "ANNULMENT": Operation.ANNUL,
    "RESTORATION": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
}
_JSON_KINDS = {"legalEntity": "legal-entity", "individual": "entrepreneur"}
_XML_KINDS = {"LEGAL": "legal-entity", "NATURAL": "entrepreneur"}
_STATUSES = {"ACTIVE": "active", "SUSPENDED": "suspended", "LIQUIDATED": "liquidated"}
# Decree 308, clause 4.1.4: the legal address of entities, the registration address of persons.
_ADDRESS_TYPES = {"legal-entity": "legal", "entrepreneur": "registered"}

_REFERENCE = ("tin", "changeKind", "changedAt")
_TAXPAYER = ("name", "type", "active", "vatPayer", "taxAuthority", "legalTaxpayerStatus")
_TAXPAYER_STATUS = (
    "legalAddress",
    "legalForm",
    "voenRegisteredAt",
    "stateRegisteredAt",
    "taxpayerStatus",
)
_ATTRIBUTES = ("@voen", "@kind", "@op", "@at")
_ELEMENTS = (
    "FullName",
    "LegalFormCode",
    "LegalFormName",
    "Address",
    "StatusCode",
    "RegisteredOn",
)

Values = Mapping[str, Any]


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``tax_registration`` per taxpayer."""
    check_content_type(raw.content_type, CONTENT_TYPES)
    is_json = raw.content_type.partition(";")[0].strip().lower() in JSON
    makers = _json_taxpayers(raw, rules) if is_json else _xml_taxpayers(raw, rules)
    for ordinal, make in enumerate(makers):
        yield attempt(ordinal, partial(make, Reading(raw, rules), ordinal))


def _json_taxpayers(raw: RawMessage, rules: Rules) -> Sequence[Callable[..., Normalized]]:
    root = parse_json(raw, rules.limits, JSON)
    if not root.has("taxpayers"):
        raise Refused("unknown-document", "", "expected an object with taxpayers")
    root.only("messageId", "sentAt", "taxpayers")
    return _at_least_one("taxpayers", [partial(_from_json, t) for t in root.children("taxpayers")])


def _xml_taxpayers(raw: RawMessage, rules: Rules) -> Sequence[Callable[..., Normalized]]:
    document = parse_xml(raw, rules.limits, XML)
    root = open_xml(document, NAMESPACE, "TaxRegister", rules.limits)
    root.only("Header", "Taxpayer")
    return _at_least_one("Taxpayer", [partial(_from_xml, t) for t in root.children("Taxpayer")])


def _at_least_one(
    name: str, makers: Sequence[Callable[..., Normalized]]
) -> Sequence[Callable[..., Normalized]]:
    if not makers:
        raise Refused("required", name, "must be given")
    return makers


def _from_json(taxpayer: Object, reading: Reading, ordinal: int) -> Normalized:
    operation = reading.code(taxpayer, "changeKind", _OPERATIONS)
    change = Change(operation, reading.occurred(taxpayer, "changedAt"))
    voen = reading.voen(taxpayer, "tin")
    if not operation.carries_content:
        taxpayer.only(*_REFERENCE)
        return reading.target(ordinal, TaxRegistration, voen.urn, change)

    kind = reading.code(taxpayer, "type", _JSON_KINDS)
    is_person = kind == "entrepreneur"
    taxpayer.only(*_REFERENCE, *_TAXPAYER, *(("pin",) if is_person else ()))
    status = taxpayer.child("legalTaxpayerStatus")
    status.only(*_TAXPAYER_STATUS)
    own_status = _coded_name(reading, status, "taxpayerStatus")
    inactive = "liquidated" if own_status["code"] == "LIQUIDATED" else "suspended"
    maybe(reading.day, status, "stateRegisteredAt")
    values = {
        "identifier": voen,
        "taxpayer_type": kind,
        "legal_name": reading.text(taxpayer, "name"),
        "legal_form": maybe(partial(_coded_name, reading), status, "legalForm"),
        "legal_entity_status": "active" if taxpayer.boolean("active") else inactive,
        "status_code": own_status["code"],
        "registered_address": _address(reading, status, "legalAddress", kind),
        "registration_date": reading.past_day(status, "voenRegisteredAt"),
        "tax_authority": maybe(partial(_coded_name, reading), taxpayer, "taxAuthority"),
        "person": reading.fin(taxpayer, "pin") if is_person else None,
        "vat_payer": maybe(Object.boolean, taxpayer, "vatPayer"),
    }
    return reading.record(ordinal, build(TaxRegistration, values, {"": taxpayer.path}), change)


def _from_xml(taxpayer: Element, reading: Reading, ordinal: int) -> Normalized:
    operation = reading.code(taxpayer, "@op", _OPERATIONS)
    change = Change(operation, reading.occurred(taxpayer, "@at"))
    voen = reading.voen(taxpayer, "@voen")
    kind = reading.code(taxpayer, "@kind", _XML_KINDS)
    if not operation.carries_content:
        taxpayer.only(*_ATTRIBUTES)
        return reading.target(ordinal, TaxRegistration, voen.urn, change)

    is_person = kind == "entrepreneur"
    taxpayer.only(*_ATTRIBUTES, *_ELEMENTS, *(("Pin",) if is_person else ()))
    has_form = taxpayer.has("LegalFormCode") or taxpayer.has("LegalFormName")
    values = {
        "identifier": voen,
        "taxpayer_type": kind,
        "legal_name": reading.text(taxpayer, "FullName"),
        "legal_form": _legal_form(reading, taxpayer) if has_form else None,
        "legal_entity_status": reading.code(taxpayer, "StatusCode", _STATUSES),
        "status_code": reading.text(taxpayer, "StatusCode"),
        "registered_address": _address(reading, taxpayer, "Address", kind),
        "registration_date": reading.past_day(taxpayer, "RegisteredOn"),
        "person": reading.fin(taxpayer, "Pin") if is_person else None,
    }
    return reading.record(ordinal, build(TaxRegistration, values, {"": taxpayer.path}), change)


def _legal_form(reading: Reading, taxpayer: Element) -> Values:
    return {
        "code": reading.text(taxpayer, "LegalFormCode"),
        "name": reading.text(taxpayer, "LegalFormName"),
    }


def _coded_name(reading: Reading, source: Object, name: str) -> Values:
    """An entry of a classifier, of whose names only the Azerbaijani is kept."""
    entry = source.child(name)
    entry.only("code", "name")
    names = entry.child("name")
    names.only("az", "ru", "en")
    return {"code": reading.text(entry, "code"), "name": reading.text(names, "az")}


def _address(reading: Reading, source: Source, name: str, kind: str) -> Values:
    return {"full_address": reading.text(source, name), "address_type": _ADDRESS_TYPES[kind]}
