"""The change feed for one of the Agency's systems: its patterns, its purpose, page by page.

The cursor is the reader's own: what it was given last. The hub keeps none for it, and a page that
is asked for again is the same page, with what came since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.agency import systems
from hub.evidence import audit
from hub.evidence.audit import Act
from hub.registry import feed
from hub.registry.feed import Change
from hub.store.database import Transaction
from routing.patterns import matches
from schemas.errors import Refused

_AT_ONCE = 1000
_MOST_LOOKED_AT = 10_000
"""Changes looked at for one page: a pattern that selects little gets short pages, soon."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes that a system reads, in the order of commits.

    ``cursor`` is where the next page begins: everything up to it was looked at. ``more`` tells
    that there is something after it already, whether the system reads it or not.
    """

    changes: Sequence[Change]
    cursor: int
    more: bool


def page(tx: Transaction, system: str, after: int, limit: int, now: datetime) -> FeedPage:
    """Read at most ``limit`` changes after a cursor, and write down what is given.

    Raises ``Refused``: ``forbidden`` where no system of that name was added, ``cursor-unknown``
    where the feed ends before the cursor.
    """
    known = systems.find(tx, system)
    if known is None:
        raise Refused("forbidden", "", "no system of that name was added")
    newest = feed.newest(tx)
    if after > newest:
        raise Refused("cursor-unknown", "after", "the feed ends before it: it is not of this feed")
    found, cursor = list[Change](), after
    looked_at = 0
    while cursor < newest and looked_at < _MOST_LOOKED_AT and len(found) < limit:
        # No more than may still be given, so that none is passed over.
        changes = feed.read(tx, cursor, min(_AT_ONCE, limit - len(found)))
        looked_at, cursor = looked_at + len(changes), changes[-1].position
        found += [change for change in changes if _wants(known, change)]
    if found:
        _note(tx, known, after, cursor, len(found), now)
    return FeedPage(found, cursor, more=cursor < newest)


def _wants(system: systems.System, change: Change) -> bool:
    return any(matches(pattern, change.key) for pattern in system.patterns)


def _note(
    tx: Transaction, system: systems.System, after: int, until: int, count: int, now: datetime
) -> None:
    """Write down what is about to leave; who finds nothing new leaves nothing."""
    detail = {"after": after, "until": until, "records": count}
    act = Act(f"system:{system.name}", "changes-read", "feed:changes", system.purpose, detail)
    audit.record(tx, act, now)
