"""Persons, and the identity documents told of together with them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from connectors._kit.contract import Item, Normalized, Rejected
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.xml import Element
from connectors.interior import documents
from connectors.interior.events import change_of
from connectors.interior.registrations import place
from schemas.build import build
from schemas.errors import Refused
from schemas.identifiers import Identifier
from schemas.person import Person

_NAMES = ("Surname", "Name", "FatherName")
_CONTENT = (*_NAMES, "Gender", "BirthDate", "BirthPlace", "Citizenship", "Residence")


def event_items(event: Element, first: int, new_reading: partial[Reading]) -> Iterator[Item]:
    """The person and then the documents of an event.

    What all its records need, kind, time and holder, is read first.
    """
    told, reading = event.children("Document"), new_reading()
    try:
        event.only("@kind", "@at", "Person", "Document")
        change = change_of(event, reading)
        person = event.child("Person")
        holder = reading.fin(person, "@pin")
    except Refused as error:
        yield from (Rejected(first + index, error) for index in range(1 + len(told)))
        return
    yield attempt(first, partial(_person, first, person, holder, change, reading))
    for ordinal, document in enumerate(told, first + 1):
        make = partial(documents.with_person, ordinal, document, holder, change, new_reading())
        yield attempt(ordinal, make)


def _person(
    ordinal: int, person: Element, identifier: Identifier, change: Change, reading: Reading
) -> Normalized:
    if not change.operation.carries_content:
        person.only("@pin")
        return reading.target(ordinal, Person, identifier.urn, change)
    person.only("@pin", *_CONTENT)
    values = {
        "identifier": identifier,
        **reading.names(person, *_NAMES),
        "names_as_received": reading.received_names(person, *_NAMES),
        "sex": reading.sex(person, "Gender"),
        "date_of_birth": reading.birth(person, "BirthDate"),
        "place_of_birth": maybe(reading.text, person, "BirthPlace"),
        "citizenship": [reading.text(person, "Citizenship")],
        "domicile": place(person, "Residence", "registered", reading)
        if person.has("Residence")
        else None,
    }
    paths = {"": person.path, "citizenship": person.at("Citizenship")}
    return reading.record(ordinal, build(Person, values, paths), change)
