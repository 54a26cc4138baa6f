"""A fact is a fold over its operations, and the fold does not care about their order.

Each part of a fact is the greatest or the least of some of its operations: the content is that
of the latest that carries one, the standing that of the latest that decides it. Adding an
operation is therefore commutative, associative and idempotent: no arrival order, repetition or
grouping can lead elsewhere. An annul that comes before its create is simply later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from schemas.envelope import Operation

SETS_CONTENT = frozenset(
    {Operation.CREATE, Operation.SNAPSHOT, Operation.CHANGE, Operation.CORRECT}
)
"""Operations whose record becomes the fact's content; a check carries one but sets nothing."""

_DECIDES = frozenset({Operation.CREATE, Operation.SNAPSHOT, Operation.ANNUL, Operation.RESTORE})
_IMPLIES = frozenset({Operation.CHANGE, Operation.CORRECT})


class Standing(StrEnum):
    """Whether a fact counts."""

    ACTIVE = "active"
    ANNULLED = "annulled"


class Outcome(StrEnum):
    """What became of an operation: the fact changed, it says the same, or newer was there."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Op:
    """One operation on a fact; ``content`` is the record as JSON, in the given schema version."""

    record_id: str
    operation: Operation
    version: int
    record_version: int = 1
    content: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """Place in the source's order; the id settles what version and rank leave open."""
        return self.version, self.operation.rank, self.record_id


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact's state: the operations that won its content, its standing and its last check.

    ``standing`` is the latest of create, snapshot, annul and restore. Without any of these it is
    the first change or correct, which imply that the fact stands.
    """

    content: Op | None = None
    standing: Op | None = None
    verified: Op | None = None

    @property
    def status(self) -> Standing | None:
        """Active or annulled; None while nothing but a check is known."""
        if self.standing is None:
            return None
        annulled = self.standing.operation is Operation.ANNUL
        return Standing.ANNULLED if annulled else Standing.ACTIVE

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The current content; None for a tombstone that waits for its create."""
        return None if self.content is None else self.content.content

    @property
    def differs(self) -> bool | None:
        """Whether the source's latest check contradicts the content; None if none is pending.

        A check that is older than the content says nothing about it any more.
        """
        if self.verified is None or (self.content and self.content.key > self.verified.key):
            return None
        return self.data != self.verified.content


def add(fact: Fact, op: Op) -> Fact:
    """Add one operation to a fact."""
    if op.operation is Operation.VERIFY:
        return replace(fact, verified=_later(fact.verified, op))
    content = _later(fact.content, op) if op.operation in SETS_CONTENT else fact.content
    return replace(fact, content=content, standing=_standing(fact.standing, op))


def outcome(before: Fact, after: Fact, op: Op) -> Outcome:
    """Say what adding one operation did, given the states before and after it."""
    if (before.data, before.status) != (after.data, after.status):
        return Outcome.WRITTEN
    winners = {won.record_id for won in (after.content, after.standing) if won}
    if op.operation is Operation.VERIFY or op.record_id in winners:
        return Outcome.UNCHANGED
    return Outcome.SUPERSEDED


def _standing(held: Op | None, op: Op) -> Op:
    if held is None:
        return op
    if op.operation in _DECIDES:
        return op if held.operation in _IMPLIES else _later(held, op)
    return _earlier(held, op) if held.operation in _IMPLIES else held


def _later(held: Op | None, op: Op) -> Op:
    return op if held is None or op.key > held.key else held


def _earlier(held: Op, op: Op) -> Op:
    return op if op.key < held.key else held
