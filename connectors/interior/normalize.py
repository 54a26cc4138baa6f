"""Population notifications (SOAP, events of person and documents) to ``person`` and
``identity_document`` records."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from connectors._kit.content import SOAP
from connectors._kit.contract import Item, Normalized, RawMessage, Rejected, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.soap import unwrap
from connectors._kit.source import check_count
from connectors._kit.xml import Element, open_xml, parse_xml
from schemas.build import build
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Identifier, document_part
from schemas.identity_document import IdentityDocument
from schemas.person import Person

NAMESPACE = "urn:synthetic:interior:population:v1"

_KINDS = {
    "NEW": Operation.CREATE,
    "CHANGE": Operation.CHANGE,
    "CORRECTION": Operation.CORRECT,
    "ANNULMENT": Operation.ANNUL,
    "RESTORATION": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFICATION": Operation.VERIFY,
}
_SEXES = {"M": "male", "F": "female"}
_DOCUMENT_TYPES = {"ID": "citizen-card", "CHILD": "child-card", "PASSPORT": "passport"}
_STATUSES = {
    "VALID": "valid",
    "LOST": "lost",
    "STOLEN": "stolen",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_NAMES = ("Surname", "Name", "FatherName")


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """The person and then the documents of each event, in the sender's order."""
    payload = unwrap(parse_xml(raw, rules.limits, SOAP))
    notification = open_xml(payload, NAMESPACE, "PersonNotification", rules.limits)
    notification.only("MessageId", "SentAt", "Event")
    events = [(event, event.children("Document")) for event in notification.children("Event")]
    if not events:
        raise Refused("required", "Event", "must be given")
    check_count(sum(1 + len(documents) for _, documents in events), rules.limits)
    first = 0
    for event, documents in events:
        yield from _event(event, documents, first, partial(Reading, raw, rules))
        first += 1 + len(documents)


def _event(
    event: Element, documents: list[Element], first: int, new_reading: partial[Reading]
) -> Iterator[Item]:
    """Items of one event; what all its records need, kind, time and holder, is read first."""
    reading = new_reading()
    try:
        event.only("@kind", "@at", "Person", "Document")
        change = Change(reading.code(event, "@kind", _KINDS), reading.occurred(event, "@at"))
        person = event.child("Person")
        holder = reading.fin(person, "@pin")
    except Refused as error:
        yield from (Rejected(first + index, error) for index in range(1 + len(documents)))
        return
    yield attempt(first, partial(_person, first, person, holder, change, reading))
    for ordinal, document in enumerate(documents, first + 1):
        yield attempt(ordinal, partial(_document, ordinal, document, holder, change, new_reading()))


def _person(
    ordinal: int, person: Element, identifier: Identifier, change: Change, reading: Reading
) -> Normalized:
    if not change.operation.carries_content:
        person.only("@pin")
        return reading.target(ordinal, Person, identifier.urn, change)
    person.only("@pin", *_NAMES, "Gender", "BirthDate", "BirthPlace", "Citizenship", "Residence")
    values = {
        "identifier": identifier,
        **reading.names(person, *_NAMES),
        "names_as_received": reading.received_names(person, *_NAMES),
        "sex": reading.code(person, "Gender", _SEXES),
        "date_of_birth": reading.birth(person, "BirthDate"),
        "place_of_birth": maybe(reading.text, person, "BirthPlace"),
        "citizenship": [reading.text(person, "Citizenship")],
        "domicile": maybe(_residence, person, "Residence", reading),
    }
    paths = {"": person.path, "citizenship": person.at("Citizenship")}
    return reading.record(ordinal, build(Person, values, paths), change)


def _residence(person: Element, name: str, reading: Reading) -> dict[str, Any]:
    residence = person.child(name)
    residence.only("@unit")
    return {
        "full_address": maybe(reading.text, residence, ""),
        "admin_unit_code": maybe(reading.text, residence, "@unit"),
        "address_type": "registered",
    }


def _document(
    ordinal: int, document: Element, holder: Identifier, change: Change, reading: Reading
) -> Normalized:
    identifier = reading.document(document, "Number", "Series")
    if not change.operation.carries_content:
        document.only("@type", "Series", "Number")
        return reading.target(ordinal, IdentityDocument, identifier.urn, change)
    document.only("@type", "Series", "Number", "IssuedBy", "IssueDate", "ValidUntil", "Status")
    values = {
        "document": identifier,
        "holder": holder,
        "document_type": reading.code(document, "@type", _DOCUMENT_TYPES),
        "series": document_part(reading.text(document, "Series")),
        "number": document_part(reading.text(document, "Number")),
        "issued_by": maybe(reading.text, document, "IssuedBy"),
        "date_issued": reading.past_day(document, "IssueDate"),
        "valid_until": maybe(reading.day, document, "ValidUntil"),
        "status": reading.code(document, "Status", _STATUSES),
    }
    paths = {"": document.path}
    return reading.record(ordinal, build(IdentityDocument, values, paths), change)
