"""What the registry knows of one person: each golden field, on whose word, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.evidence import blocks
from hub.registry import expectations
from hub.registry.about import members_with
from hub.registry.facts import FactKey
from hub.registry.fold import SETS_CONTENT
from hub.registry.golden import Golden
from hub.registry.history import Past, operations
from hub.store.database import Row, Transaction, as_json
from schemas.catalogue import record_class
from schemas.envelope import Operation

_GOLDEN = "SELECT * FROM registry.golden WHERE subject = %s AND entity = 'person'"

_CLAIMING = """
SELECT DISTINCT record_type, ministry, fact_subject, fact_key FROM registry.claim
WHERE entity = 'person'
  AND subject IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
UNION
SELECT record_type, ministry, fact_subject, fact_key FROM registry.former
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
"""

_ABOUT = """
SELECT 'person' AS record_type, ministry, subject AS fact_subject, fact_key FROM registry.person
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
UNION ALL
SELECT 'subject_link', ministry, subject, fact_key FROM registry.subject_link
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%(members)s::jsonb))
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on a fact; ``occurred_at`` at the source, ``recorded_at`` here (aware, UTC)."""

    operation: Operation
    version: int
    record_id: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Word:
    """A value that a source gave for a field, and the operation by which it did."""

    value: Any
    ministry: str
    record_type: str
    step: Step


@dataclass(frozen=True, slots=True)
class GoldenField:
    """A field as believed (``value`` and ``source`` are None once nobody says it any more), and
    every value it was ever given, in order of occurrence."""

    name: str
    value: Any
    source: Mapping[str, str] | None
    history: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact that speaks of the person, and all that happened to it."""

    record_type: str
    ministry: str
    subject: str
    fact_key: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person: the subject of the group, its aliases, golden fields, findings and facts."""

    subject: str
    aliases: tuple[str, ...]
    fields: tuple[GoldenField, ...]
    findings: tuple[Mapping[str, str], ...]
    facts: tuple[FactView, ...]


def lookup(tx: Transaction, subject: str) -> PersonView | None:
    """Find a person by the URN of a FİN or alias; None if nothing was ever said of it.

    An alias that joined a FİN leads to that FİN's group.
    """
    members = members_with(tx, subject)
    group = members[0]
    pasts = facts_about(tx, members)
    if not pasts:
        return None
    row = next(iter(tx.rows(_GOLDEN, [group])), None)
    found = view(group, members, _golden(row) if row else None, pasts)
    return marked(tx, replace(found, findings=(*found.findings, *_awaited(tx, group))))


def marked(tx: Transaction, found: PersonView) -> PersonView:
    """Mark a person whose data is blocked at their request: it is shown, and must not be given."""
    requests = set(blocks.blocked(tx, [found.subject, *found.aliases]).values())
    told = [{"rule": "data-blocked", "request": str(number)} for number in sorted(requests)]
    return replace(found, findings=(*found.findings, *told))


def _golden(row: Row) -> Golden:
    findings = tuple(row["findings"])
    return Golden(row["entity"], row["subject"], row["fields"], row["sources"], findings)


def view(
    group: str,
    members: Sequence[str],
    golden: Golden | None,
    pasts: Mapping[FactKey, Sequence[Past]],
) -> PersonView:
    """Put together what is known of a group: its golden record and the operations on its facts."""
    return PersonView(
        subject=group,
        aliases=tuple(members[1:]),
        fields=_fields(golden, _words(pasts, frozenset(members))),
        findings=golden.findings if golden else (),
        facts=tuple(FactView(*key, tuple(map(_step, steps))) for key, steps in pasts.items()),
    )


def facts_about(tx: Transaction, members: Iterable[str]) -> dict[FactKey, list[Past]]:
    """Read all operations of the facts that speak of these subjects, or once did."""
    return _pasts(tx, _keys(tx, members))


def _awaited(tx: Transaction, child: str) -> Iterator[Mapping[str, str]]:
    """What a parents' change of name lets one expect of the person, and has not been said yet."""
    for row in expectations.of(tx, child):
        if not row["met"]:
            yield {
                "rule": "name-change-expected",
                "field": row["field"],
                "ground": row["ground"],
                "acts": ", ".join(row["acts"]),
            }


def _keys(tx: Transaction, members: Iterable[str]) -> list[FactKey]:
    params = {"members": as_json(list(members))}
    rows = tx.rows(_CLAIMING, params) + tx.rows(_ABOUT, params)
    columns = ("record_type", "ministry", "fact_subject", "fact_key")
    return sorted({FactKey(*(row[column] for column in columns)) for row in rows})


def _pasts(tx: Transaction, keys: Iterable[FactKey]) -> dict[FactKey, list[Past]]:
    by_type: dict[str, list[FactKey]] = {}
    for key in keys:
        by_type.setdefault(key.record_type, []).append(key)
    found: dict[FactKey, list[Past]] = {}
    for record_type, of_type in by_type.items():
        found |= operations(tx, record_type, of_type)
    return dict(sorted(found.items()))


def _words(
    pasts: Mapping[FactKey, Iterable[Past]], members: frozenset[str]
) -> dict[str, list[Word]]:
    words: dict[str, list[Word]] = {}
    for key, steps in pasts.items():
        for past in steps:
            for field, value in said(key.record_type, past, members):
                word = Word(value, key.ministry, key.record_type, _step(past))
                words.setdefault(field, []).append(word)
    return words


def said(record_type: str, past: Past, members: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield what an operation says of a person, field by field; nothing if it says nothing."""
    if past.operation not in SETS_CONTENT:
        return
    record = record_class(record_type, past.record_version).model_validate(past.data)
    for claim in record.claims():
        if claim.entity == "person" and claim.subject in members:
            yield from claim.fields.items()


def _fields(golden: Golden | None, words: Mapping[str, list[Word]]) -> tuple[GoldenField, ...]:
    values, sources = (golden.fields, golden.sources) if golden else ({}, {})
    return tuple(
        GoldenField(
            name=name,
            value=values.get(name),
            source=sources.get(name),
            history=tuple(sorted(words.get(name, ()), key=_when)),
        )
        for name in sorted({*values, *words})
    )


def _when(word: Word) -> tuple[datetime, int, str]:
    return word.step.occurred_at, word.step.version, word.step.record_id


def _step(past: Past) -> Step:
    return Step(past.operation, past.version, past.record_id, past.occurred_at, past.recorded_at)
