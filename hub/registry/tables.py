"""Typed tables, derived from the canonical records: a pair ``registry.<type>``, ``…_history``.

The first holds one row per fact: who says it, what it is about, whether it stands, and the
operation that won its content, whole (``data``) and as typed columns. The columns are generated
from ``data``, so that they cannot disagree with it and a new field needs no back-filling. The
second holds every other operation of the fact, which is its history.

A record's field becomes the column of its name: text, boolean, number, date or instant by type.
An identifier gives its notation, and beside it ``<field>_urn`` to join with ``subject``; parts
and lists are jsonb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, LiteralString, Union, get_args, get_origin

from pydantic import AwareDatetime

from hub.store.database import Row, Transaction
from hub.store.statements import Part, compose, listed, literal, typed
from schemas.errors import Stop
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord

SCHEMA = "registry"

_TYPES: Mapping[Any, tuple[LiteralString, LiteralString]] = {
    str: ("text", "data ->> {key}"),
    bool: ("boolean", "(data ->> {key})::boolean"),
    int: ("bigint", "(data ->> {key})::bigint"),
    float: ("double precision", "(data ->> {key})::double precision"),
    Decimal: ("numeric", "(data ->> {key})::numeric"),
    date: ("date", "registry.iso_date(data ->> {key})"),
    datetime: ("timestamp with time zone", "registry.iso_instant(data ->> {key})"),
    AwareDatetime: ("timestamp with time zone", "registry.iso_instant(data ->> {key})"),
}
_PART: tuple[LiteralString, LiteralString] = ("jsonb", "data -> {key}")
_NOTATION: tuple[LiteralString, LiteralString] = ("text", "data -> {key} ->> 'notation'")
_URN: tuple[LiteralString, LiteralString] = (
    "text",
    "(data -> {key} ->> 'type') || ':' || (data -> {key} ->> 'notation')",
)

KEY: Mapping[str, LiteralString] = {"ministry": "text", "subject": "text", "fact_key": "text"}
"""Columns that identify a fact within its record type."""

OPERATION: Mapping[str, LiteralString] = {
    "record_id": "uuid",
    "operation": "text",
    "version": "bigint",
    "record_version": "smallint",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "recorded_at": "timestamptz",
    "message_id": "text",
    "ordinal": "integer",
    "channel": "text",
    "causation_id": "text",
    "data": "jsonb",
}
"""An operation with its provenance: in a fact's row the one that won its content, if any did.

``occurred_at`` is the time at the source, ``received_at`` that of the raw message, and
``recorded_at`` that of this table."""

STATE: Mapping[str, LiteralString] = {
    "standing": "text",
    "standing_record_id": "uuid",
    "standing_operation": "text",
    "standing_version": "bigint",
    "verify_record_id": "uuid",
    "verify_version": "bigint",
    "verify_differs": "boolean",
}
"""Whether a fact is active or annulled and by which operation; its source's latest check."""

_FACTS = """
CREATE TABLE IF NOT EXISTS {table} (
    {key}, {state}, {operation},
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (subject, ministry, fact_key),
    CHECK (standing IN ('active', 'annulled'))
)
"""

_HISTORY = """
CREATE TABLE IF NOT EXISTS {table} ({key}, {operation}, PRIMARY KEY (record_id))
"""

_DISAGREES = """
CREATE INDEX IF NOT EXISTS {index} ON {table} (subject)
WHERE verify_differs OR (standing = 'annulled' AND verify_record_id IS NOT NULL)
"""

_HISTORY_INDEX = "CREATE INDEX IF NOT EXISTS {index} ON {table} (subject, ministry, fact_key)"

_ABOUT_INDEX = "CREATE INDEX IF NOT EXISTS {index} ON {table} ({column})"

_EXISTING = """
SELECT c.relname AS table_name, a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS generated
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'registry'::regnamespace AND c.relkind = 'r'
  AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A typed column and the expression over ``data`` that generates it."""

    name: str
    key: str
    type: LiteralString
    expression: LiteralString


def columns(record_class: type[CanonicalRecord]) -> Iterator[Column]:
    """Derive the typed columns of a record."""
    for name, field in record_class.model_fields.items():
        annotation = _bare(field.annotation)
        key = field.alias or name
        if annotation is Identifier:
            yield Column(name, key, *_NOTATION)
            yield Column(f"{name}_urn", key, *_URN)
        else:
            yield Column(name, key, *_TYPES.get(annotation, _PART))


def about_columns(record_class: type[CanonicalRecord]) -> tuple[str, ...]:
    """Name the indexed columns that hold URNs of whom the record is about beside its subject."""
    return tuple(f"{name}_urn" for name in record_class.about)


def facts_table(record_type: str) -> tuple[str, str]:
    """Name the table of a record type's facts."""
    return SCHEMA, record_type


def history_table(record_type: str) -> tuple[str, str]:
    """Name the table of their other operations."""
    return SCHEMA, f"{record_type}_history"


def sync(tx: Transaction, catalogue: Mapping[str, type[CanonicalRecord]]) -> list[str]:
    """Create the missing tables and columns of all record types; name what was added.

    Only adds. Raises ``Stop`` if a field would need a column that exists with another type or
    another meaning; that takes a migration.
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('registry.tables', 0))")
    before = _existing(tx)
    for record_type in catalogue:
        _create(tx, record_type)
    existing = _existing(tx)
    added = [f"{SCHEMA}.{table}" for table in existing if table not in before]
    for record_type, record_class in catalogue.items():
        missing = list(_missing(record_type, record_class, existing[record_type]))
        if missing:
            _add(tx, record_type, missing)
            added += [f"{SCHEMA}.{record_type}.{column.name}" for column in missing]
        for column_name in about_columns(record_class):
            index = f"{record_type}_{column_name}"
            table = facts_table(record_type)
            tx.execute(compose(_ABOUT_INDEX, index=index, table=table, column=column_name))
    return sorted(added)


def _create(tx: Transaction, record_type: str) -> None:
    key = listed(compose('{name} text COLLATE "C" NOT NULL', name=name) for name in KEY)
    history = history_table(record_type)
    parts = {"key": key, "state": typed(STATE), "operation": typed(OPERATION)}
    facts = facts_table(record_type)
    tx.execute(compose(_FACTS, table=facts, **parts))
    tx.execute(compose(_DISAGREES, table=facts, index=f"{record_type}_disagrees"))
    tx.execute(compose(_HISTORY, table=history, **parts))
    tx.execute(compose(_HISTORY_INDEX, table=history, index=f"{history[1]}_fact"))


def _existing(tx: Transaction) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in tx.rows(_EXISTING):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row
    return found


def _missing(
    record_type: str, record_class: type[CanonicalRecord], existing: Mapping[str, Row]
) -> Iterator[Column]:
    for column in columns(record_class):
        row = existing.get(column.name)
        if row is None:
            yield column
        elif not row["generated"] or row["type"] != column.type:
            raise Stop(f"registry.{record_type}.{column.name} exists and is not {column.type}")


def _add(tx: Transaction, record_type: str, missing: list[Column]) -> None:
    additions = listed(_definition(column) for column in missing)
    tx.execute(
        compose(
            "ALTER TABLE {table} {additions}", table=facts_table(record_type), additions=additions
        )
    )


def _definition(column: Column) -> Part:
    expression = compose(column.expression, key=literal(column.key))
    template: LiteralString = "ADD COLUMN {name} {type} GENERATED ALWAYS AS ({expression}) STORED"
    return compose(template, name=column.name, type=compose(column.type), expression=expression)


def _bare(annotation: Any) -> Any:
    """Strip ``Annotated`` and ``| None``; a set of literal texts counts as text."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else annotation
    if origin is Literal:
        kinds = {type(value) for value in get_args(annotation)}
        return kinds.pop() if len(kinds) == 1 else annotation
    return annotation
