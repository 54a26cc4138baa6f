"""The change feed as operators and systems page through it: position by position, on the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.registry import feed
from hub.registry.feed import Change
from hub.store.database import Transaction
from schemas.envelope import json_values


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes in order. ``cursor`` is where the next page begins, ``more`` if there is one."""

    changes: Sequence[Change]
    cursor: int
    more: bool

    def lines(self) -> Iterator[str]:
        """Render each change as a line of JSON: position, recorded time, and the CloudEvent."""
        for change in self.changes:
            yield orjson.dumps(
                {
                    "position": change.position,
                    "recordedAt": change.recorded_at.isoformat(),
                    "event": json_values(change.event),
                }
            ).decode()


def page(tx: Transaction, token: str | None, after: int, most: int, now: datetime) -> Page:
    """Read a page for an operator and write down that it was read.

    Raises ``Declined`` (``not-authenticated``).
    """
    by = operators.authenticate_for_persons(tx, token).name
    found = feed.read(tx, after, most + 1)
    shown = found[:most]
    cursor = shown[-1].position if shown else after
    detail = {"after": after, "until": cursor, "records": len(shown)}
    audit.record(tx, Act(by, "changes-read", "feed:changes", detail=detail), now)
    return Page(shown, cursor, more=len(found) > most)
