"""Refugees, persons under protection of UNHCR, and holders of a temporary certificate."""

from __future__ import annotations

from connectors._kit.contract import Normalized
from connectors._kit.fields import maybe
from connectors.migration.entries import PERSON, Kind, Told, address, operations
from connectors.migration.people import link, person
from schemas.build import build
from schemas.protection_status import ProtectionStatus

_TYPES = {
    "REFUGEE": "refugee-card",
    "UNHCR": "unhcr-protection",
    "CERTIFICATE": "temporary-certificate",
}


def _protection(kind: Kind, told: Told) -> Normalized:
    """The protection, whose fact is the person's, of this type."""
    change, entry, reading = kind.change(told), told.entry, told.reading
    holder, protection = told.alias(), reading.code(entry, "@type", _TYPES)
    if not change.operation.carries_content:
        return reading.target(
            told.ordinal, ProtectionStatus, holder.urn, change, fact_key=protection
        )
    values = {
        "holder": holder,
        "protection_type": protection,
        "document_number": maybe(reading.text, entry, "Number"),
        "date_issued": reading.past_day(entry, "IssuedOn"),
        "valid_until": maybe(reading.day, entry, "ValidUntil"),
        "citizenship": reading.text(entry, "Citizenship"),
        "address": address(told, "stay"),
    }
    paths = {
        "": entry.path,
        "citizenship": entry.at("Citizenship"),
        "document_number": entry.at("Number"),
    }
    return reading.record(told.ordinal, build(ProtectionStatus, values, paths), change)


PROTECTION_KIND = Kind(
    name="Protection",
    operations=operations("ISSUE"),
    key=("@type", "PersonNumber"),
    content=(*PERSON, "Number", "IssuedOn", "ValidUntil", "Address"),
    makers=(person, _protection),
    own=_protection,
    linked=link,
)
