"""How analysts' roles read: for each purpose a schema of functions, each reading on record first.

``read_<purpose>.open(view, reason, about, as_of, known_at)`` writes who opens what, why and of whom
into the audit and gives an id; ``read_<purpose>.<view>(id)`` gives the rows once that is committed,
with the columns that the purpose needs and no others. A role has these functions and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import LiteralString

from hub.agency.dictionary import SCHEMA, Column, Dictionary, View, columns_of
from hub.store.database import Statement
from hub.store.statements import Part, compose, listed, literal

_OPEN: LiteralString = """
CREATE FUNCTION {schema}.open(view text, reason text, about text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT agency.open_reading({purpose}, $1, {about}::jsonb ->> $1, $2, $3, $4, $5)
$$
"""

_READ: LiteralString = """
CREATE FUNCTION {function} (reading uuid) RETURNS TABLE ({typed})
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog SET jit = off
ROWS 100000 AS $$
#variable_conflict use_column
DECLARE
    opened agency.reading := agency.opened_reading(reading, {purpose}, {view});
BEGIN
    RETURN QUERY {select};
END $$
"""

_READ_AT: LiteralString = """
CREATE FUNCTION {function} (reading uuid) RETURNS TABLE ({typed})
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog SET jit = off
ROWS 100000 AS $$
#variable_conflict use_column
DECLARE
    opened agency.reading := agency.opened_reading(reading, {purpose}, {view});
BEGIN
    IF opened.as_of IS NULL AND opened.known_at IS NULL THEN
        RETURN QUERY {select};
    ELSE
        RETURN QUERY {select_at};
    END IF;
END $$
"""

_SELECT: LiteralString = "SELECT {columns} FROM {source} WHERE {condition}"
_AT: LiteralString = """
{name} (coalesce(opened.as_of, 'infinity'), coalesce(opened.known_at, 'infinity')) AS shown
"""
_ABOUT: LiteralString = """
(opened.about IS NULL OR shown.{about} = substring(opened.about FROM '[^:]*$'))
AND NOT EXISTS (
    SELECT FROM agency.blocked WHERE substring(blocked.subject FROM '[^:]*$') = shown.{about})
"""
_NOT_PAST: LiteralString = "opened.as_of IS NULL AND opened.known_at IS NULL"

_TYPES: Mapping[str, LiteralString] = {
    "text": "text",
    "date": "date",
    "numeric": "numeric",
    "bigint": "bigint",
    "boolean": "boolean",
    "jsonb": "jsonb",
    "timestamp with time zone": "timestamptz",
}


def schema_of(purpose: str) -> str:
    """Name the schema of a purpose."""
    return f"read_{purpose}"


def columns_for(view: View, purpose: str) -> Mapping[str, Column]:
    """The columns of a view that a purpose needs."""
    return {
        name: column
        for name, column in columns_of(view).items()
        if not column.purposes or purpose in column.purposes
    }


def statements(words: Dictionary) -> Iterator[Statement]:
    """Make the schemas again; the rights to them are given afterwards (``hub.agency.readers``)."""
    for purpose in words.purposes:
        schema = schema_of(purpose)
        yield compose("DROP SCHEMA IF EXISTS {schema} CASCADE", schema=schema)
        yield compose("CREATE SCHEMA {schema}", schema=schema)
        views = {n: view for n, view in words.views.items() if purpose in view.purposes}
        yield compose(_OPEN, schema=schema, purpose=literal(purpose), about=literal(_abouts(views)))
        for name, view in views.items():
            yield _function(name, view, purpose)
        yield compose("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC", schema=schema)


def _function(name: str, view: View, purpose: str) -> Statement:
    columns = columns_for(view, purpose)
    of_view: dict[str, Part] = {
        "function": (schema_of(purpose), name),
        "typed": listed(
            compose("{name} {type}", name=column, type=compose(_TYPES[words.type]))
            for column, words in columns.items()
        ),
        "purpose": literal(purpose),
        "view": literal(name),
    }
    now = compose("{name} AS shown", name=(SCHEMA, name))
    if not view.historic:
        bound = compose("{a} AND {b}", a=_condition(view), b=compose(_NOT_PAST))
        return compose(_READ, **of_view, select=_select(columns, now, bound))
    condition = _condition(view)
    then = compose(_AT, name=(SCHEMA, f"{name}_at"))
    return compose(
        _READ_AT,
        **of_view,
        select=_select(columns, now, condition),
        select_at=_select(columns, then, condition),
    )


def _select(columns: Mapping[str, Column], source: Part, condition: Part) -> Part:
    shown = listed(compose("shown.{name}", name=name) for name in columns)
    return compose(_SELECT, columns=shown, source=source, condition=condition)


def _condition(view: View) -> Part:
    return compose(_ABOUT, about=view.about) if view.about else compose("true")


def _abouts(views: Mapping[str, View]) -> str:
    told = [f'"{name}": "{view.about}"' for name, view in views.items() if view.about]
    return "{" + ", ".join(told) + "}"
