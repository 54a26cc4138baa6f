"""What a database holds, in numbers that a restored copy must have too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.evidence import ledger
from hub.evidence.chain import links
from hub.evidence.holders import Situation
from hub.evidence.ledger import SETTLED, Statement
from hub.store.database import Transaction, as_json
from hub.store.statements import compose, literal, united
from routing import keys

_SCHEMAS = """
SELECT nspname AS name FROM pg_namespace
WHERE nspowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'evidence')
  AND nspname NOT IN ('public', 'information_schema') AND NOT starts_with(nspname, 'pg_')
"""
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY n.nspname, c.relname
"""
_NEWEST = """
SELECT ministry, lane, max(published_at) AS published_at FROM evidence.journal
WHERE published_at IS NOT NULL GROUP BY ministry, lane
"""
_ON_THE_LADDER = timedelta(minutes=90)
"""More than a message can have waited on the retry ladder before it was journalled."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows per table, the ledger (per ministry, records by state), and the head of the chain."""

    tables: Mapping[str, int]
    ledger: Mapping[str, Mapping[str, int]]
    unaccounted: int
    links: int
    head: str | None


def look(tx: Transaction, now: datetime) -> Contents:
    """Count everything as of one moment; must be the first thing its transaction does.

    The broker is not asked: what is on its way counts as held.
    """
    held = Situation(now, timedelta(0), {}, {}, frozenset({"relay"}))
    statement = ledger.statement(tx, held, ministries=(), lanes=(), relay_limit=2**15)
    head = links.head(tx)
    return Contents(
        tables=_rows(tx),
        ledger=_totals(statement),
        unaccounted=statement.unaccounted,
        links=head.number if head else 0,
        head=head.hash.hex() if head else None,
    )


def repeat_from(
    tx: Transaction, waiting: Mapping[str, int], taken_at: datetime
) -> dict[str, datetime]:
    """Tell from which time on each ministry repeats what it published, after a restore of this.

    ``waiting`` are the depths of intake's queues, read before. A queue is first in, first out:
    what lies behind its newest journalled message may be taken later, and be missing. Ministries
    that never published over AMQP are left out.
    """
    since: dict[str, datetime] = {}
    for row in tx.rows(_NEWEST):
        queue = keys.intake_queue(row["ministry"], row["lane"])
        moment = row["published_at"] if waiting.get(queue) else taken_at
        earlier = since.get(row["ministry"], taken_at)
        since[row["ministry"]] = min(moment, earlier)
    return {ministry: moment - _ON_THE_LADDER for ministry, moment in sorted(since.items())}


def differences(stated: Contents, found: Contents) -> Sequence[str]:
    """Name in what a restored database is not the one that was backed up."""
    told = [
        f"{table}: {stated.tables.get(table, 0)} rows backed up, {found.tables.get(table, 0)} found"
        for table in sorted({*stated.tables, *found.tables})
        if stated.tables.get(table) != found.tables.get(table)
    ]
    if (stated.ledger, stated.unaccounted) != (found.ledger, found.unaccounted):
        told.append("the ledger is not that of the backup")
    if (stated.links, stated.head) != (found.links, found.head):
        told.append("the head of the audit's chain is not that of the backup")
    return told


def schemas(tx: Transaction) -> list[str]:
    """Name the schemas of the hub."""
    return [row["name"] for row in tx.rows(_SCHEMAS)]


def _rows(tx: Transaction) -> dict[str, int]:
    names = [(row["schema"], row["name"]) for row in tx.rows(_TABLES, [as_json(schemas(tx))])]
    counts = [
        compose("SELECT {label}::text AS name, count(*) AS rows FROM {table}",
                label=literal(".".join(name)), table=name)
        for name in names
    ]  # fmt: skip
    return {row["name"]: row["rows"] for row in tx.rows(united(counts))} if counts else {}


def _totals(statement: Statement) -> dict[str, dict[str, int]]:
    return {
        line.ministry: {
            "messages": line.messages,
            "received": line.received,
            **{str(state): line.settled.get(state, 0) for state in SETTLED},
            "in flight": line.in_flight,
        }
        for line in statement.lines
    }
