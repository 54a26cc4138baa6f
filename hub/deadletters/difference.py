"""How two records differ, and what sending events would change in the registry."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.registry import facts
from hub.registry.facts import FactKey
from hub.registry.fold import Fact, Op, Outcome, add, outcome
from hub.store.database import Transaction
from schemas.envelope import Event

_MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs, by its dotted path; None stands for an absent value."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Effect:
    """What the registry would make of one event, and how its fact would look then."""

    record_id: str
    record_type: str
    outcome: Outcome
    standing_before: str | None
    standing_after: str | None
    changes: tuple[Change, ...]


def between(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """List the fields in which two JSON values differ; lists are compared as wholes."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else key
            yield from between(before.get(key), after.get(key), inner)
    elif before != after:
        yield Change(path, before, after)


def of_texts(before: bytes, after: bytes) -> list[str]:
    """Compare two documents line by line, as ``diff -u`` shows it."""
    old, new = (body.decode(errors="replace").splitlines() for body in (before, after))
    return list(difflib.unified_diff(old, new, "original", "correction", lineterm=""))[:_MOST_LINES]


def effects(tx: Transaction, events: Sequence[Event]) -> dict[str, Effect]:
    """Work out what writing each event alone would do to the registry as it is now, by id.

    Nothing is written and nothing is locked.
    """
    found: dict[str, Effect] = {}
    by_type: dict[str, list[Event]] = {}
    for event in events:
        by_type.setdefault(event.record_type, []).append(event)
    for record_type, of_type in by_type.items():
        standing = facts.load(tx, record_type, {FactKey.of(event) for event in of_type})
        for event in of_type:
            found[event.id] = _effect(standing.get(FactKey.of(event), Fact()), event)
    return found


def _effect(before: Fact, event: Event) -> Effect:
    op = Op(event.id, event.operation, event.version, event.record_version, event.data)
    after = add(before, op)
    return Effect(
        record_id=event.id,
        record_type=event.record_type,
        outcome=outcome(before, after, op),
        standing_before=before.status,
        standing_after=after.status,
        changes=tuple(between(before.data or {}, after.data or {})),
    )
