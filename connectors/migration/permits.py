"""Permits to reside, temporary and permanent."""

from __future__ import annotations

from connectors._kit.contract import Normalized
from connectors._kit.fields import maybe
from connectors.migration.entries import PERSON, Kind, Told, address, operations
from connectors.migration.people import link, person
from schemas.build import build
from schemas.residence_permit import ResidencePermit

_TYPES = {"MYI": "temporary", "DYI": "permanent", "MYİ": "temporary", "DYİ": "permanent"}
_STATUSES = {"VALID": "valid", "CANCELLED": "cancelled", "EXPIRED": "expired"}


def _permit(kind: Kind, told: Told) -> Normalized:
    change, entry, reading = kind.change(told), told.entry, told.reading
    document = reading.document(entry, "Number")
    if not change.operation.carries_content:
        return reading.target(told.ordinal, ResidencePermit, document.urn, change)
    values = {
        "document": document,
        "holder": told.alias(),
        "permit_type": reading.code(entry, "PermitType", _TYPES),
        "date_issued": reading.past_day(entry, "IssuedOn"),
        "valid_until": maybe(reading.day, entry, "ValidUntil"),
        "purpose": maybe(reading.text, entry, "Purpose"),
        "citizenship": reading.text(entry, "Citizenship"),
        "address": address(told, "registered"),
        "status": reading.code(entry, "Status", _STATUSES) if entry.has("Status") else "valid",
    }
    paths = {"": entry.path, "citizenship": entry.at("Citizenship")}
    return reading.record(told.ordinal, build(ResidencePermit, values, paths), change)


PERMIT_KIND = Kind(
    name="Permit",
    operations=operations("ISSUE"),
    key=("Number",),
    content=(
        *PERSON,
        *("PersonNumber", "PermitType", "IssuedOn", "ValidUntil", "Purpose", "Address", "Status"),
    ),
    makers=(person, _permit),
    own=_permit,
    linked=link,
)
