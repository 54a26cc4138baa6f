"""Registration of foreigners where they live or, mostly, where they stay."""

from __future__ import annotations

from connectors._kit.contract import Normalized
from connectors._kit.fields import maybe
from connectors.migration.entries import Kind, Told, address, operations
from schemas.build import build
from schemas.residence_registration import ResidenceRegistration

_TYPES = {"RESIDENCE": "residence", "STAY": "stay"}
_ADDRESS_TYPES = {"residence": "registered", "stay": "stay"}


def _registration(kind: Kind, told: Told) -> Normalized:
    """The registration, whose fact is the person's residence or stay."""
    change, entry, reading = kind.change(told), told.entry, told.reading
    holder, registered = told.alias(), reading.code(entry, "@type", _TYPES)
    if not change.operation.carries_content:
        return reading.target(
            told.ordinal, ResidenceRegistration, holder.urn, change, fact_key=registered
        )
    values = {
        "holder": holder,
        "registration_type": registered,
        "address": address(told, _ADDRESS_TYPES[registered]),
        "date_registered": reading.past_day(entry, "RegisteredOn"),
        "valid_until": maybe(reading.day, entry, "ValidUntil"),
        "date_ended": maybe(reading.past_day, entry, "EndedOn"),
        "registered_by": maybe(reading.text, entry, "RegisteredBy"),
    }
    paths = {"": entry.path, "address": entry.at("Address")}
    return reading.record(told.ordinal, build(ResidenceRegistration, values, paths), change)


REGISTRATION_KIND = Kind(
    name="Registration",
    operations=operations("NEW"),
    key=("@type", "PersonNumber"),
    content=("Address", "RegisteredOn", "ValidUntil", "EndedOn", "RegisteredBy"),
    makers=(_registration,),
    own=_registration,
)
