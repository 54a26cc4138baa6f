"""A registry full of persons, in minutes: what the hub's writer makes of two, repeated by COPY.

A woman with a card and a man with a card and a passport go through connector and writer; then
their rows are repeated with the values of everybody else put in the place of theirs. A test holds
the rows against those that the writer makes of the same persons.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.country import records as made
from benchmarks.country.files import Country
from benchmarks.country.people import Person, person
from connectors._kit.contract import RawMessage, Rules
from connectors._kit.discover import discover
from hub.intake.examining import examine
from hub.registry.writer import write
from hub.store.database import Database
from schemas.envelope import Event

TABLES = ("person", "identity_document", "claim", "golden")
_PATTERNS = (7_654_320, 7_654_321)
"""Whose rows are repeated: nothing in them looks like the number of their documents."""

_PIECE = 200


def populate(url: str, persons: int) -> None:
    """Fill an empty registry with persons 0 to ``persons``, and gather its statistics."""
    write_events(url, [event for index in _PATTERNS for event in events(index)])
    with psycopg.connect(url) as connection:
        for table in TABLES:
            patterns = _patterns(connection, table)
            target = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("registry", table))
            others = (index for index in range(persons) if index not in _PATTERNS)
            with connection.cursor().copy(target) as copy:
                for piece in _pieces(patterns, others):
                    copy.write(piece)
            connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")


def write_events(url: str, told: Iterable[Event]) -> None:
    """Have the hub's writer write events."""
    database = Database(url, application_name="bench")
    with database.transaction() as tx:
        write(tx, list(told), datetime.now(UTC))
    database.close()


def events(index: int) -> list[Event]:
    """Person ``index`` as its connector reads what Interior tells: the person, and documents."""
    body = Country().notification([made.citizen(index)])
    raw = RawMessage("interior", f"populate-{index}", "text/xml", body, datetime.now(UTC))
    held = examine(raw, discover()["interior"], Rules())
    return [each.event for each in held if each.event]


def own(who: Person) -> dict[str, str]:
    """What is a person's own in the rows about them, by what it is; longer texts first."""
    given, family, father = who.plain
    return {
        "received father": who.father,
        "address": who.address,
        "family": family,
        "received family": who.surname,
        "given": f'"givenName": "{given}"',
        "received given": f'"givenName": "{who.name}"',
        "father": f'"patronymicName": "{father}"',
        "born": who.born.isoformat(),
        "unit": f'"adminUnitCode": "{who.unit}"',
        "number": f"{who.index:07d}",
        "fin": who.fin,
    } | _papers_dates(who.index)


def _papers_dates(index: int) -> dict[str, str]:
    issued, valid_until = made.dates_of_papers(index)
    return {
        "issued": f'"dateIssued": "{issued}"',
        "until": f'"validUntil": "{valid_until}"',
    }


def _pieces(patterns: Mapping[int, str], indexes: Iterable[int]) -> Iterator[str]:
    marks = {parity: own(person(_PATTERNS[parity])) for parity in patterns}
    ids = {parity: [event.id for event in events(_PATTERNS[parity])] for parity in patterns}
    piece: list[str] = []
    for index in indexes:
        parity = index % 2
        rows = patterns[parity]
        for name, value in own(person(index)).items():
            rows = rows.replace(marks[parity][name], value)
        for place, record_id in enumerate(ids[parity]):
            new = hashlib.md5(f"{index}/{place}".encode(), usedforsecurity=False).hexdigest()
            rows = rows.replace(record_id, new).replace(str(UUID(record_id)), str(UUID(new)))
        piece.append(rows)
        if len(piece) == _PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _patterns(connection: psycopg.Connection[tuple[object, ...]], table: str) -> dict[int, str]:
    """The patterns' rows of a table as COPY writes them, by parity."""
    source = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier("registry", table))
    with connection.cursor().copy(source) as copy:
        lines = b"".join(map(bytes, copy)).decode().splitlines(keepends=True)
    return {
        parity: "".join(line for line in lines if person(_PATTERNS[parity]).fin in line)
        for parity in (0, 1)
    }
