"""What the registry holds about somebody right now, record by record. Indexed reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import LiteralString

from hub.registry.claims import links_near
from hub.registry.feed import event_of
from hub.registry.tables import KEY, OPERATION, about_columns, facts_table
from hub.store.database import Statement, Transaction, as_json
from hub.store.statements import Part, compose, listed, literal, union
from schemas.catalogue import records
from schemas.envelope import Event

_FOUND: LiteralString = """
SELECT DISTINCT ON (record_id) * FROM ({selects}) AS found ORDER BY record_id LIMIT %(most)s
"""

_NAMED: LiteralString = """
SELECT {record_type} AS record_type, {columns} FROM {facts} f
WHERE f.standing = 'active' AND f.record_id IS NOT NULL
  AND f.{column} IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
"""

_CLAIMING: LiteralString = """
SELECT {record_type} AS record_type, {columns} FROM registry.claim c
JOIN {facts} f ON (f.subject, f.ministry, f.fact_key) = (c.fact_subject, c.ministry, c.fact_key)
WHERE c.record_type = {record_type} AND c.active AND f.standing = 'active'
  AND c.subject IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
"""

_HOLDERS: LiteralString = """
SELECT {column} AS holder FROM {facts} WHERE subject = %(document)s AND standing = 'active'
"""


def members_with(tx: Transaction, subject: str) -> list[str]:
    """Name all that is linked to a FİN or alias, the FİN first: their records are one person's."""
    links = links_near(tx, [subject])
    fins = links.fins.get(subject, frozenset())
    group = next(iter(fins)) if len(fins) == 1 else subject
    return links_near(tx, [group]).members(group)


def standing_records(
    tx: Transaction, subjects: Sequence[str], record_types: Iterable[str], most: int
) -> list[Event]:
    """Read the records in force of some types that are about any of these subjects (URNs).

    Each in the envelope of the operation that gave it its content, by type and id; at most
    ``most`` and one more, from which a caller sees that there are others.
    """
    types = tuple(sorted(record_types))
    if not types or not subjects:
        return []
    given = {"members": as_json(list(subjects)), "most": most + 1}
    events = [event_of(row["record_type"], row) for row in tx.rows(_statement(types), given)]
    return sorted(events, key=lambda event: (event.record_type, event.id))


def holders(tx: Transaction, document: str, record_types: Iterable[str]) -> set[str]:
    """Tell whom documents of some types under a number (URN) were issued to."""
    found: set[str] = set()
    for record_type in sorted(record_types):
        for column in about_columns(records()[record_type]):
            statement = compose(_HOLDERS, column=column, facts=facts_table(record_type))
            found.update(row["holder"] for row in tx.rows(statement, {"document": document}))
    return found


def document_types() -> frozenset[str]:
    """The record types that are about a document of somebody's."""
    return frozenset(
        name
        for name, known in records().items()
        if "document" in known.model_fields and known.about
    )


@cache
def _statement(record_types: tuple[str, ...]) -> Statement:
    selects = union(select for each in record_types for select in _selects(each))
    return compose(_FOUND, selects=selects)


def _selects(record_type: str) -> Iterator[Part]:
    """A record is about somebody by its subject, by a field that says so, or by what it claims."""
    of_type: dict[str, Part] = {
        "record_type": literal(record_type),
        "facts": facts_table(record_type),
        "columns": listed(compose("f.{name}", name=name) for name in (*KEY, *OPERATION)),
    }
    for column in ("subject", *about_columns(records()[record_type])):
        yield compose(_NAMED, column=column, **of_type)
    yield compose(_CLAIMING, **of_type)
