"""The change feed: every operation that changed a fact, in the order of commits.

Positions are drawn under one lock, taken last in a writer's transaction and held until its
commit is visible. So whoever sees a position sees every lower one that will ever exist, and a
reader needs nothing but the last position it has seen. The price is that writers commit one
after the other; what they did before runs side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import LiteralString

from hub.registry.tables import KEY, OPERATION, facts_table, history_table
from hub.store.database import Row, Transaction, as_json
from hub.store.statements import Prepared, listed, prepared, typed
from schemas.catalogue import record_class
from schemas.envelope import SCHEMA_PREFIX, SOURCE_PREFIX, TYPE_PREFIX, Event, Operation

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('registry.change', 0))"

_APPEND = """
INSERT INTO registry.change (record_id, record_type, ministry, subject, fact_key, recorded_at)
SELECT record_id, record_type, ministry, subject, fact_key, %(now)s
FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (record_id uuid, record_type text,
    ministry text, subject text, fact_key text)) WITH ORDINALITY AS r
ORDER BY r.ordinality
"""

_AFTER = """
SELECT position, record_id, record_type, ministry, subject, fact_key, recorded_at
FROM registry.change WHERE position > %s ORDER BY position LIMIT %s
"""

_OPERATIONS: LiteralString = """
WITH wanted AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r (record_id uuid, {typed_key}))
SELECT {key}, {operation} FROM {facts} JOIN wanted USING (record_id, {key})
UNION ALL
SELECT h.* FROM wanted CROSS JOIN LATERAL (
    SELECT {key}, {operation} FROM {history} WHERE record_id = wanted.record_id) AS h
"""


@dataclass(frozen=True, slots=True)
class Change:
    """An operation that changed a fact. ``recorded_at`` (aware, UTC) is the registry's time."""

    position: int
    recorded_at: datetime
    event: Event

    @property
    def key(self) -> str:
        """What patterns select by: ``<category>.<record>.v<N>.<ministry>``."""
        event = self.event
        category = record_class(event.record_type, event.record_version).category
        return f"{category}.{event.record_type}.v{event.record_version}.{event.ministry}"


def append(tx: Transaction, events: Sequence[Event], now: datetime) -> None:
    """Add operations that changed facts, in their order; the last act of a transaction."""
    if not events:
        return
    rows = [
        {
            "record_id": event.id,
            "record_type": event.record_type,
            "ministry": event.ministry,
            "subject": event.subject,
            "fact_key": event.factkey,
        }
        for event in events
    ]
    tx.execute(_LOCK)
    tx.execute(_APPEND, {"rows": as_json(rows), "now": now})


def newest(tx: Transaction) -> int:
    """Tell the last position there is; 0 before the first."""
    (row,) = tx.rows("SELECT coalesce(max(position), 0) AS newest FROM registry.change")
    return int(row["newest"])


def read(tx: Transaction, after: int, limit: int) -> list[Change]:
    """Read at most ``limit`` changes after a position, in order."""
    rows = tx.rows(_AFTER, [after, limit])
    found = events(tx, rows)
    return [
        Change(row["position"], row["recorded_at"].astimezone(UTC), found[row["record_id"].hex])
        for row in rows
    ]


def events(tx: Transaction, rows: Iterable[Row]) -> Mapping[str, Event]:
    """Read operations by record id (hex); a row has ``record_type``, ``record_id`` and the key."""
    by_type: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        key = {name: row[name] for name in KEY}
        by_type.setdefault(row["record_type"], []).append({"record_id": row["record_id"].hex} | key)
    return {
        found["record_id"].hex: event_of(record_type, found)
        for record_type, wanted in by_type.items()
        for found in tx.rows(_statement(record_type), [as_json(wanted)])
    }


@cache
def _statement(record_type: str) -> Prepared:
    return prepared(
        _OPERATIONS,
        facts=facts_table(record_type),
        history=history_table(record_type),
        key=listed(KEY),
        typed_key=typed(KEY),
        operation=listed(OPERATION),
    )


def event_of(record_type: str, row: Row) -> Event:
    """Put an operation, read with the columns of ``KEY`` and ``OPERATION``, into its envelope."""
    kind = f"{record_type}.v{row['record_version']}"
    return Event(
        id=row["record_id"].hex,
        source=SOURCE_PREFIX + row["ministry"],
        type=TYPE_PREFIX + kind,
        subject=row["subject"],
        time=row["occurred_at"].astimezone(UTC),
        dataschema=SCHEMA_PREFIX + kind,
        factkey=row["fact_key"],
        operation=Operation(row["operation"]),
        version=row["version"],
        classification=record_class(record_type, row["record_version"]).classification,
        messageid=row["message_id"],
        ordinal=row["ordinal"],
        receivedtime=row["received_at"].astimezone(UTC),
        channel=row["channel"],
        causationid=row["causation_id"],
        data=row["data"],
    )
