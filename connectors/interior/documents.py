"""Identity documents: with their holder's event, or in an event of their own."""

from __future__ import annotations

from connectors._kit.contract import Normalized
from connectors._kit.fields import Change, Reading, maybe
from connectors._kit.xml import Element
from connectors.interior.events import Told
from schemas.build import build
from schemas.identifiers import Identifier, document_part
from schemas.identity_document import IdentityDocument

_TYPES = {"ID": "citizen-card", "CHILD": "child-card", "PASSPORT": "passport"}
_STATUSES = {
    "VALID": "valid",
    "LOST": "lost",
    "STOLEN": "stolen",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_KEY = ("@type", "Series", "Number")
_CONTENT = ("IssuedBy", "IssueDate", "ValidUntil", "Status")


def with_person(
    ordinal: int, document: Element, holder: Identifier, change: Change, reading: Reading
) -> Normalized:
    """The document in an event about its holder."""
    content = _CONTENT if change.operation.carries_content else ()
    identifier = reading.document(document, "Number", "Series")
    document.only(*_KEY, *content)
    return _document(ordinal, document, identifier, holder, change, reading)


def alone(told: Told) -> Normalized:
    """The document that an event is about."""
    identifier = told.reading.document(told.event, "Number", "Series")
    told.only(_KEY, _CONTENT)
    return _document(told.ordinal, told.event, identifier, told.holder, told.change, told.reading)


def _document(
    ordinal: int,
    document: Element,
    identifier: Identifier,
    holder: Identifier,
    change: Change,
    reading: Reading,
) -> Normalized:
    if not change.operation.carries_content:
        return reading.target(ordinal, IdentityDocument, identifier.urn, change)
    values = {
        "document": identifier,
        "holder": holder,
        "document_type": reading.code(document, "@type", _TYPES),
        "series": document_part(reading.text(document, "Series")),
        "number": document_part(reading.text(document, "Number")),
        "issued_by": maybe(reading.text, document, "IssuedBy"),
        "date_issued": reading.past_day(document, "IssueDate"),
        "valid_until": maybe(reading.day, document, "ValidUntil"),
        "status": reading.code(document, "Status", _STATUSES),
    }
    return reading.record(ordinal, build(IdentityDocument, values, {"": document.path}), change)
