"""The Agency's own systems: which records each reads, for what purpose, and how far it has come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.registry import feed
from hub.store.database import Row, Transaction, as_json

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_PATTERN = re.compile(r"(\*|#|[a-z0-9_]+)(\.(\*|#|[a-z0-9_]+)){0,3}")

_ADD = """
INSERT INTO agency.system (name, patterns, purpose, position, added_by, added_at)
VALUES (%s, %s::jsonb, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING name
"""

_LIST = """
SELECT name, patterns, purpose, position, added_by, added_at, served_at FROM agency.system
ORDER BY name
"""

# Whoever serves a system holds its row: a second relay goes on to the next.
_TAKE = """
SELECT name, patterns, position, purpose FROM agency.system WHERE name = %s
FOR UPDATE SKIP LOCKED
"""

_FIND = "SELECT name, patterns, position, purpose FROM agency.system WHERE name = %s"

_SERVED = "UPDATE agency.system SET position = %s, served_at = %s WHERE name = %s"
_REWIND = """
UPDATE agency.system SET position = %(position)s
WHERE name = %(name)s AND position >= %(position)s
"""
_REMOVE = "DELETE FROM agency.system WHERE name = %s"


@dataclass(frozen=True, slots=True)
class System:
    """A system as the relay serves it; ``position`` is the last change it was sent."""

    name: str
    patterns: Sequence[str]
    position: int
    purpose: str


def add(
    tx: Transaction,
    token: str | None,
    name: str,
    patterns: Sequence[str],
    purpose: str,
    now: datetime,
    *,
    from_now: bool = False,
) -> None:
    """Add a system: from the first change on, or ``from_now`` on.

    ``patterns`` are topic patterns over ``<category>.<record>.v<N>.<ministry>``. Raises
    ``Declined`` (``system-name``, ``system-pattern``, ``system-purpose``, ``system-exists``,
    ``not-authenticated``).
    """
    by = operators.authenticate(tx, token).name
    if not _NAME.fullmatch(name):
        raise Declined("system-name", "1 to 63 lower-case letters, digits and hyphens")
    if not patterns or not all(map(_PATTERN.fullmatch, patterns)):
        raise Declined("system-pattern", "up to four words with dots between; * is one, # any")
    if not purpose.strip():
        raise Declined("system-purpose", "say what the data are needed for (decree 2.10.7)")
    start = feed.newest(tx) if from_now else 0
    if not tx.rows(_ADD, [name, as_json(list(patterns)), purpose.strip(), start, by, now]):
        raise Declined("system-exists", "a system of this name was added before")
    detail = {"patterns": list(patterns), "position": start}
    audit.record(tx, Act(by, "system-added", _object(name), purpose.strip(), detail), now)


def rewind(tx: Transaction, token: str | None, name: str, position: int, now: datetime) -> None:
    """Serve a system again from after a position it has passed.

    Raises ``Declined`` (``system-position``: unknown, or not that far yet; ``not-authenticated``).
    """
    by = operators.authenticate(tx, token).name
    if not tx.execute(_REWIND, {"name": name, "position": position}):
        raise Declined("system-position", "no system of that name has come that far")
    audit.record(tx, Act(by, "system-rewound", _object(name), detail={"position": position}), now)


def remove(tx: Transaction, token: str | None, name: str, now: datetime) -> None:
    """Serve a system no longer; raise ``Declined`` (``system-unknown``). Its queue stays."""
    by = operators.authenticate(tx, token).name
    if not tx.execute(_REMOVE, [name]):
        raise Declined("system-unknown", "no system of that name")
    audit.record(tx, Act(by, "system-removed", _object(name)), now)


def known(tx: Transaction) -> list[Row]:
    """List all systems."""
    return tx.rows(_LIST)


def find(tx: Transaction, name: str) -> System | None:
    """Find a system; None where none of that name was added."""
    return next((System(**row) for row in tx.rows(_FIND, [name])), None)


def take(tx: Transaction, name: str) -> System | None:
    """Take a system for serving until the transaction ends; None if another does, or it is gone."""
    return next((System(**row) for row in tx.rows(_TAKE, [name])), None)


def served(tx: Transaction, name: str, position: int, now: datetime) -> None:
    """Note how far a system was served."""
    tx.execute(_SERVED, [position, now, name])


def _object(name: str) -> str:
    return f"system:{name}"
