"""Permits of foreigners and links from the service's person number to a FİN.

A permit tells of up to three records (the person, the permit, the link); what is wrong with
one of them does not take the others along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from connectors._kit.content import XML
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.source import check_count
from connectors._kit.xml import Element, open_xml, parse_xml
from schemas.build import build
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Identifier, Namespaces
from schemas.person import Person
from schemas.residence_permit import ResidencePermit
from schemas.subject_link import SubjectLink

CONTENT_TYPES = XML
NAMESPACE = "urn:synthetic:migration:unified:v1"

_PERMIT_OPERATIONS = {
    "ISSUE": Operation.CREATE,
    "CHANGE": Operation.CHANGE,
    "CORRECT": Operation.CORRECT,
    "ANNUL": Operation.ANNUL,
    "RESTORE": Operation.RESTORE,
}
_LINK_OPERATIONS = {
    "SET": Operation.CREATE,
    "CANCEL": Operation.ANNUL,
    "RESTORE": Operation.RESTORE,
}
_SEXES = {"Kişi": "male", "M": "male", "Qadın": "female", "F": "female"}
_PERMIT_TYPES = {"MYI": "temporary", "DYI": "permanent", "MYİ": "temporary", "DYİ": "permanent"}
_NAMES = ("Surname", "GivenName", "Patronymic")
_ATTRIBUTES = ("@op", "@at")
_PERMIT = (
    *_ATTRIBUTES,
    *_NAMES,
    "PersonNumber",
    "FIN",
    "Sex",
    "BirthDate",
    "Citizenship",
    "PermitType",
    "Number",
    "IssuedOn",
    "ValidUntil",
    "Purpose",
    "Address",
)

Maker = Callable[[Reading, Namespaces, Element, int], Normalized]


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """For a ``Permit`` a ``person``, a ``residence_permit`` and, with a FİN, a ``subject_link``;
    for its annulment or restoration the permit only; for a ``Link`` a ``subject_link``."""
    document = parse_xml(raw, rules.limits, CONTENT_TYPES)
    root = open_xml(document, NAMESPACE, "MigrationRecords", rules.limits)
    root.only("Permit", "Link", "@id", "@sent")
    told = [
        (make, entry)
        for name, entry in root.each("Permit", "Link")
        for make in ((_link,) if name == "Link" else _told_by(entry))
    ]
    if not told:
        raise Refused("required", "Permit", "must be given")
    check_count(len(told), rules.limits)
    for ordinal, (make, entry) in enumerate(told):
        reading = Reading(raw, rules)
        yield attempt(ordinal, partial(make, reading, rules.namespaces, entry, ordinal))


def _told_by(permit: Element) -> tuple[Maker, ...]:
    """The records of a permit; one whose operation is unreadable is taken for a whole one."""
    try:
        operation = _PERMIT_OPERATIONS.get(permit.text("@op"), Operation.CREATE)
    except Refused:
        operation = Operation.CREATE
    if not operation.carries_content:
        return (_permit,)
    return (_person, _permit, _permit_link) if permit.has("FIN") else (_person, _permit)


def _person(reading: Reading, namespaces: Namespaces, permit: Element, ordinal: int) -> Normalized:
    change = _change(reading, permit)
    values = {
        "identifier": _alias(reading, namespaces, permit),
        **reading.names(permit, *_NAMES),
        "names_as_received": reading.received_names(permit, *_NAMES),
        "sex": reading.code(permit, "Sex", _SEXES),
        "date_of_birth": reading.birth(permit, "BirthDate"),
        "citizenship": [reading.text(permit, "Citizenship")],
    }
    paths = {"": permit.path, "citizenship": permit.at("Citizenship")}
    return reading.record(ordinal, build(Person, values, paths), change)


def _permit(reading: Reading, namespaces: Namespaces, permit: Element, ordinal: int) -> Normalized:
    change = _change(reading, permit)
    document = reading.document(permit, "Number")
    if not change.operation.carries_content:
        return reading.target(ordinal, ResidencePermit, document.urn, change)

    address = maybe(reading.text, permit, "Address")
    values = {
        "document": document,
        "holder": _alias(reading, namespaces, permit),
        "permit_type": reading.code(permit, "PermitType", _PERMIT_TYPES),
        "date_issued": reading.past_day(permit, "IssuedOn"),
        "valid_until": maybe(reading.day, permit, "ValidUntil"),
        "purpose": maybe(reading.text, permit, "Purpose"),
        "citizenship": reading.text(permit, "Citizenship"),
        "address": address and {"full_address": address, "address_type": "registered"},
        "status": "valid",
    }
    paths = {"": permit.path, "citizenship": permit.at("Citizenship")}
    return reading.record(ordinal, build(ResidencePermit, values, paths), change)


def _permit_link(
    reading: Reading, namespaces: Namespaces, permit: Element, ordinal: int
) -> Normalized:
    change = _change(reading, permit)
    return _linked(reading, namespaces, permit, ordinal, change)


def _link(reading: Reading, namespaces: Namespaces, link: Element, ordinal: int) -> Normalized:
    operation = reading.code(link, "@op", _LINK_OPERATIONS)
    change = Change(operation, reading.occurred(link, "@at"))
    if operation.carries_content:
        link.only(*_ATTRIBUTES, "PersonNumber", "FIN")
        return _linked(reading, namespaces, link, ordinal, change)
    link.only(*_ATTRIBUTES, "PersonNumber")
    return reading.target(ordinal, SubjectLink, _alias(reading, namespaces, link).urn, change)


def _linked(
    reading: Reading, namespaces: Namespaces, source: Element, ordinal: int, change: Change
) -> Normalized:
    values = {
        "alias": _alias(reading, namespaces, source),
        "identifier": reading.fin(source, "FIN"),
    }
    return reading.record(ordinal, build(SubjectLink, values, {"": source.path}), change)


def _change(reading: Reading, permit: Element) -> Change:
    """What all records of a permit depend on."""
    operation = reading.code(permit, "@op", _PERMIT_OPERATIONS)
    permit.only(*(_PERMIT if operation.carries_content else (*_ATTRIBUTES, "Number")))
    return Change(operation, reading.occurred(permit, "@at"))


def _alias(reading: Reading, namespaces: Namespaces, source: Element) -> Identifier:
    notation = reading.digits(source, "PersonNumber", 8, 8)
    return Identifier(notation=notation, type=namespaces.migration_person)
