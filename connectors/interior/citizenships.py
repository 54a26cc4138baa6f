"""Citizenship acquired and lost."""

from __future__ import annotations

import re

from connectors._kit.contract import Normalized
from connectors._kit.fields import maybe
from connectors._kit.xml import Element
from connectors.interior.events import Told
from schemas.build import build
from schemas.citizenship import Citizenship
from schemas.errors import Refused

_STATUSES = {"HELD": "held", "LOST": "lost"}
_CONTENT = ("Status", "AcquiredOn", "LostOn", "Ground")
_COUNTRY = re.compile(r"[A-Z]{3}")


def citizenship(told: Told) -> Normalized:
    """The citizenship that an event is about; its fact is the person's, of this country."""
    event, reading = told.event, told.reading
    country = _country(event)
    if not told.only(("@country",), _CONTENT):
        return reading.target(
            told.ordinal, Citizenship, told.holder.urn, told.change, fact_key=country
        )
    values = {
        "holder": told.holder,
        "country": country,
        "status": reading.code(event, "Status", _STATUSES),
        "date_acquired": maybe(reading.past_day, event, "AcquiredOn"),
        "date_lost": maybe(reading.past_day, event, "LostOn"),
        "ground": maybe(reading.text, event, "Ground"),
    }
    paths = {"": event.path, "date_lost": event.at("LostOn")}
    return reading.record(told.ordinal, build(Citizenship, values, paths), told.change)


def _country(event: Element) -> str:
    country = event.text("@country")
    if not _COUNTRY.fullmatch(country):
        raise Refused("value", event.at("@country"), "must be three Latin capitals (ISO 3166-1)")
    return country
