"""Statements whose tables and columns are known only at run time, quoted by the driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import LiteralString

from psycopg import sql

Part = str | tuple[str, ...] | sql.Composable
Composed = sql.Composed
Prepared = bytes
"""A statement composed once and kept."""


def compose(template: LiteralString, **parts: Part) -> sql.Composed:
    """Fill ``{name}`` in a template: a text becomes an identifier, a tuple a qualified one."""
    return sql.SQL(template).format(**{name: _composable(part) for name, part in parts.items()})


def prepared(template: LiteralString, **parts: Part) -> Prepared:
    """Compose a statement to be kept and run often: its text is put together once."""
    return compose(template, **parts).as_bytes(None)


def literal(value: str) -> sql.Literal:
    """Quote a text as a constant, for places that take no parameter."""
    return sql.Literal(value)


def listed(parts: Iterable[Part]) -> sql.Composed:
    """Join parts with commas."""
    return sql.SQL(", ").join(_composable(part) for part in parts)


def united(queries: Iterable[sql.Composable]) -> sql.Composed:
    """Join queries of the same columns into one, keeping repeated rows."""
    return sql.SQL(" UNION ALL ").join(queries)


def typed(columns: Mapping[str, LiteralString]) -> sql.Composed:
    """List columns with their types, as ``jsonb_to_recordset`` wants them."""
    return listed(compose("{name} {type}", name=n, type=sql.SQL(t)) for n, t in columns.items())


def assigned(columns: Iterable[str], source: str) -> sql.Composed:
    """List ``column = source.column``, for an update or an upsert (``excluded``)."""
    template: LiteralString = "{name} = {source}.{name}"
    return listed(compose(template, name=name, source=source) for name in columns)


def union(parts: Iterable[Part]) -> sql.Composed:
    """Put the rows of several selects together, repeats included."""
    return sql.SQL(" UNION ALL ").join(_composable(part) for part in parts)


def _composable(part: Part) -> sql.Composable:
    if isinstance(part, sql.Composable):
        return part
    return sql.Identifier(part) if isinstance(part, str) else sql.Identifier(*part)
