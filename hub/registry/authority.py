"""The authority matrix: which source is believed for which field (data in ``authority.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Precedence:
    """Sources of one entity in order of belief: per field, and for fields not named.

    Those in ``last`` come after all others, except where a field's own order names them.
    """

    fields: Mapping[str, Sequence[str]]
    default: Sequence[str]
    last: Sequence[str] = ()

    def rank(self, field: str, source: str) -> tuple[int, str]:
        """Place of ``<ministry>/<record type>`` for a field; less is believed more.

        The default order follows a field's own; sources the matrix does not know come last, by
        name, so that a new ministry counts without a change here; only ``last`` after them.
        """
        order = [*self.fields.get(field, ()), *self.default]
        if source in order:
            return order.index(source), source
        return len(order) + (source in self.last), source


@dataclass(frozen=True, slots=True)
class Authority:
    """One version of the matrix."""

    version: str
    entities: Mapping[str, Precedence]
    last: Sequence[str] = ()

    def of(self, entity: str) -> Precedence:
        """Give the precedence for an entity; one without an order knows no source by name."""
        return self.entities.get(entity, Precedence({}, (), self.last))


def parse(text: str) -> Authority:
    """Read a matrix from TOML."""
    tables = tomllib.loads(text)
    version, last = tables.pop("version"), tuple(tables.pop("last", ()))
    entities = {
        name: Precedence(table.get("fields", {}), table["default"], last)
        for name, table in tables.items()
    }
    return Authority(version, entities, last)


@cache
def assumed() -> Authority:
    """The matrix that comes with this release."""
    return parse(Path(__file__).with_name("authority.toml").read_text(encoding="utf-8"))
