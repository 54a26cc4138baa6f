"""Registration at a place of residence, or at a place of stay."""

from __future__ import annotations

from typing import Any

from connectors._kit.contract import Normalized
from connectors._kit.fields import Reading, maybe
from connectors._kit.xml import Element
from connectors.interior.events import Told
from schemas.build import build
from schemas.residence_registration import ResidenceRegistration

_TYPES = {"RESIDENCE": "residence", "STAY": "stay"}
_ADDRESS_TYPES = {"residence": "registered", "stay": "stay"}
_CONTENT = ("Address", "RegisteredOn", "ValidUntil", "EndedOn", "RegisteredBy")


def registration(told: Told) -> Normalized:
    """The registration that an event is about; its fact is the person's residence or stay."""
    event, reading = told.event, told.reading
    kind = reading.code(event, "@type", _TYPES)
    if not told.only(("@type",), _CONTENT):
        return reading.target(
            told.ordinal, ResidenceRegistration, told.holder.urn, told.change, fact_key=kind
        )
    values = {
        "holder": told.holder,
        "registration_type": kind,
        "address": place(event, "Address", _ADDRESS_TYPES[kind], reading),
        "date_registered": reading.past_day(event, "RegisteredOn"),
        "valid_until": maybe(reading.day, event, "ValidUntil"),
        "date_ended": maybe(reading.past_day, event, "EndedOn"),
        "registered_by": maybe(reading.text, event, "RegisteredBy"),
    }
    paths = {"": event.path, "address": event.at("Address")}
    return reading.record(told.ordinal, build(ResidenceRegistration, values, paths), told.change)


def place(event: Element, name: str, kind: str, reading: Reading) -> dict[str, Any]:
    """A place in words, by the code of its administrative unit, or both."""
    address = event.child(name)
    address.only("@unit")
    return {
        "full_address": maybe(reading.text, address, ""),
        "admin_unit_code": maybe(reading.text, address, "@unit"),
        "address_type": kind,
    }
