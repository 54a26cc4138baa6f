"""The person whom an entry is about, and the FİN that person turned out to have."""

from __future__ import annotations

from connectors._kit.contract import Normalized
from connectors.migration.entries import NAMES, PERSON, Kind, Told, operations
from schemas.build import build
from schemas.person import Person
from schemas.subject_link import SubjectLink


def person(kind: Kind, told: Told) -> Normalized:
    """The person of any entry with names in it."""
    change, entry, reading = kind.change(told), told.entry, told.reading
    alias = told.alias()
    if not change.operation.carries_content:
        return reading.target(told.ordinal, Person, alias.urn, change)
    values = {
        "identifier": alias,
        **reading.names(entry, *NAMES),
        "names_as_received": reading.received_names(entry, *NAMES),
        "sex": reading.sex(entry, "Sex"),
        "date_of_birth": reading.birth(entry, "BirthDate"),
        "citizenship": [reading.text(entry, "Citizenship")],
    }
    paths = {"": entry.path, "citizenship": entry.at("Citizenship")}
    return reading.record(told.ordinal, build(Person, values, paths), change)


def link(kind: Kind, told: Told) -> Normalized:
    """That the person of an entry has this FİN."""
    change, entry, reading = kind.change(told), told.entry, told.reading
    alias = told.alias()
    if not change.operation.carries_content:
        return reading.target(told.ordinal, SubjectLink, alias.urn, change)
    values = {"alias": alias, "identifier": reading.fin(entry, "FIN")}
    return reading.record(told.ordinal, build(SubjectLink, values, {"": entry.path}), change)


PERSON_KIND = Kind(
    name="Person",
    operations=operations("NEW"),
    key=("PersonNumber",),
    content=PERSON,
    makers=(person,),
    own=person,
    linked=link,
)
LINK_KIND = Kind(
    name="Link",
    operations=operations("SET", "CANCEL"),
    key=("PersonNumber",),
    content=("FIN",),
    makers=(link,),
    own=link,
)
