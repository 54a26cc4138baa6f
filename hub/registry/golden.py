"""Golden records: what the hub believes of a person or legal entity, and on whose word.

A golden record is a pure function of all active claims about its group: a subject and the
aliases linked to it. Nothing here knows when anything arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from hub.registry.authority import Authority, Precedence
from schemas.envelope import Operation


@dataclass(frozen=True, slots=True)
class Statement:
    """What one active fact says about one subject; a stored claim with its origin."""

    entity: str
    subject: str
    ministry: str
    record_type: str
    record_id: str
    operation: Operation
    version: int
    fields: Mapping[str, Any]

    @property
    def source(self) -> str:
        """The source as the authority matrix names it."""
        return f"{self.ministry}/{self.record_type}"

    @property
    def key(self) -> tuple[int, int, str, str]:
        """Place in the source's order; a record that claims two members of a group needs both."""
        return self.version, self.operation.rank, self.record_id, self.subject

    def as_source(self) -> dict[str, str]:
        """Name the origin of a field, as kept beside it."""
        return {
            "ministry": self.ministry,
            "recordType": self.record_type,
            "recordId": self.record_id,
        }


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden record: field values, the source of each, and what a person should look at."""

    entity: str
    subject: str
    fields: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, str]]
    findings: tuple[Mapping[str, str], ...]


def draw(
    group: str, statements: Iterable[Statement], disputed: Iterable[str], authority: Authority
) -> list[Golden]:
    """Draw the golden records of one group from the claims about its members, one per entity."""
    told = sorted(statements, key=lambda s: (s.entity, s.key))
    by_entity = {entity: list(said) for entity, said in groupby(told, key=lambda s: s.entity)}
    two_fins = [{"rule": "two-fins", "subject": alias} for alias in disputed]
    if two_fins:
        by_entity.setdefault("person", [])
    return [
        _draw_entity(entity, group, said, two_fins if entity == "person" else [], authority)
        for entity, said in by_entity.items()
    ]


def _draw_entity(
    entity: str,
    group: str,
    said: list[Statement],
    findings: list[dict[str, str]],
    authority: Authority,
) -> Golden:
    if len(said) == 1:  # most of them, and there is nothing to choose from
        (only,) = said
        return Golden(
            entity,
            group,
            {field: only.fields[field] for field in sorted(only.fields)},
            dict.fromkeys(sorted(only.fields), only.as_source()),
            tuple(findings),
        )
    precedence = authority.of(entity)
    fields, sources, contradictions = {}, {}, []
    for field in sorted({field for statement in said for field in statement.fields}):
        ranked = rank(field, said, precedence)
        fields[field] = ranked[0].fields[field]
        sources[field] = ranked[0].as_source()
        if len(ranked) > 1 and len({_canonical(s.fields[field]) for s in ranked}) > 1:
            sources_of = ", ".join(sorted({s.source for s in ranked}))
            contradictions.append({"rule": "contradiction", "field": field, "sources": sources_of})
    return Golden(entity, group, fields, sources, (*findings, *contradictions))


def rank(field: str, said: Iterable[Statement], precedence: Precedence) -> list[Statement]:
    """Order the sources that speak of a field by belief, each with its latest statement.

    ``said`` is in the sources' order.
    """
    latest: dict[str, Statement] = {}
    for statement in said:
        if field in statement.fields:
            latest[statement.source] = statement
    return sorted(latest.values(), key=lambda s: precedence.rank(field, s.source))


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
