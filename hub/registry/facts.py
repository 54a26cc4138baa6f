"""Facts in their tables: read by key, written back with the operations that did not win.

A statement takes its batch as one JSON parameter. Record types differ in nothing but the table,
because typed columns are generated from ``data``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, LiteralString, NamedTuple

from hub.registry.fold import Fact, Op
from hub.registry.tables import KEY, OPERATION, STATE, facts_table, history_table
from hub.store.database import Row, Transaction, as_json
from hub.store.statements import Prepared, assigned, listed, prepared, typed
from schemas.envelope import Event, Operation


class FactKey(NamedTuple):
    """Identity of a fact: what kind, said by whom, about what, and which of several."""

    record_type: str
    ministry: str
    subject: str
    fact_key: str

    @classmethod
    def of(cls, event: Event) -> FactKey:
        """Name the fact an event is about."""
        return cls(event.record_type, event.ministry, event.subject, event.factkey)

    def as_row(self) -> dict[str, str]:
        """Render the columns that find the row in its table."""
        return {"ministry": self.ministry, "subject": self.subject, "fact_key": self.fact_key}


@dataclass(frozen=True, slots=True)
class Change:
    """A fact before and after some operations; ``events`` are those not known before."""

    key: FactKey
    before: Fact
    after: Fact
    events: Sequence[Event]

    @property
    def is_new(self) -> bool:
        """Whether nothing was known of the fact."""
        return self.before == Fact()

    @property
    def replaces_content(self) -> bool:
        """Whether another operation won the content."""
        return _id(self.before.content) != _id(self.after.content)

    @property
    def counts_differently(self) -> bool:
        """Whether what the fact claims and links must be looked at again."""
        return self.replaces_content or self.before.status != self.after.status

    @property
    def retained(self) -> Iterable[Event]:
        """The operations that go straight into the history."""
        return (event for event in self.events if event.id != _id(self.after.content))

    @property
    def winner(self) -> Event | None:
        """The operation of this batch that won the content, if one did."""
        won = (event for event in self.events if event.id == _id(self.after.content))
        return next(won, None)


_LOAD: LiteralString = """
SELECT {key}, f.record_id, f.operation, f.version, f.record_version, f.data,
    f.standing_record_id, f.standing_operation, f.standing_version,
    f.verify_record_id, f.verify_version, v.verify_data
FROM jsonb_to_recordset(%s::jsonb) AS r ({typed_key})
JOIN {facts} f USING ({key})
LEFT JOIN LATERAL (
    SELECT data AS verify_data FROM {history} WHERE record_id = f.verify_record_id) AS v ON true
"""

_KNOWN: LiteralString = """
SELECT record_id FROM {history}
WHERE record_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
"""

_DISPLACE: LiteralString = """
INSERT INTO {history} ({key}, {operation})
SELECT {key}, {operation}
FROM jsonb_to_recordset(%s::jsonb) AS r ({typed_key}) JOIN {facts} USING ({key})
WHERE record_id IS NOT NULL
"""

_RETAIN: LiteralString = """
INSERT INTO {history} ({key}, {operation})
SELECT {key}, {operation}
FROM jsonb_to_recordset(%s::jsonb) AS r ({typed_key}, {typed_operation})
"""

_PUT: LiteralString = """
INSERT INTO {facts} ({key}, {state}, {operation}, changed_at)
SELECT {key}, {state}, {operation}, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r ({typed_key}, {typed_state}, {typed_operation})
ON CONFLICT ({key}) DO UPDATE
SET {excluded_state}, {excluded_operation}, changed_at = excluded.changed_at
"""

_RESTATE: LiteralString = """
UPDATE {facts} AS f SET {given_state}, changed_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS given ({typed_key}, {typed_state})
WHERE (f.subject, f.ministry, f.fact_key) = (given.subject, given.ministry, given.fact_key)
"""


def load(tx: Transaction, record_type: str, keys: Iterable[FactKey]) -> Mapping[FactKey, Fact]:
    """Read the facts that exist."""
    rows = tx.rows(_statement(_LOAD, record_type), [as_json([key.as_row() for key in keys])])
    return {_key(record_type, row): _fact(row) for row in rows}


def known(tx: Transaction, record_type: str, record_ids: Iterable[str]) -> set[str]:
    """Tell which operations are in the history already."""
    rows = tx.rows(_statement(_KNOWN, record_type), [as_json(list(record_ids))])
    return {row["record_id"].hex for row in rows}


def save(tx: Transaction, record_type: str, changes: Sequence[Change], now: datetime) -> None:
    """Write changed facts of one type, and every operation that did not win to the history."""
    displaced = [c.key.as_row() for c in changes if c.before.content and c.replaces_content]
    retained = [
        change.key.as_row() | _operation(event, now)
        for change in changes
        for event in change.retained
    ]
    moved = [change for change in changes if change.before != change.after]
    put = [_row(c, now) for c in moved if c.is_new or c.replaces_content]
    restated = [
        c.key.as_row() | _state(c.after) for c in moved if not (c.is_new or c.replaces_content)
    ]
    if displaced:
        tx.execute(_statement(_DISPLACE, record_type), [as_json(displaced)])
    if retained:
        tx.execute(_statement(_RETAIN, record_type), [as_json(retained)])
    if put:
        tx.execute(_statement(_PUT, record_type), {"rows": as_json(put), "now": now})
    if restated:
        tx.execute(_statement(_RESTATE, record_type), {"rows": as_json(restated), "now": now})


@cache
def _statement(template: LiteralString, record_type: str) -> Prepared:
    return prepared(
        template,
        facts=facts_table(record_type),
        history=history_table(record_type),
        key=listed(KEY),
        typed_key=typed(KEY),
        state=listed(STATE),
        typed_state=typed(STATE),
        given_state=assigned(STATE, "given"),
        excluded_state=assigned(STATE, "excluded"),
        operation=listed(OPERATION),
        typed_operation=typed(OPERATION),
        excluded_operation=assigned(OPERATION, "excluded"),
    )


def _row(change: Change, now: datetime) -> dict[str, Any]:
    won = _operation(change.winner, now) if change.winner else {}
    return change.key.as_row() | _state(change.after) | won


def _operation(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "record_id": event.id,
        "operation": event.operation,
        "version": event.version,
        "record_version": event.record_version,
        "occurred_at": event.time,
        "received_at": event.receivedtime,
        "recorded_at": now,
        "message_id": event.messageid,
        "ordinal": event.ordinal,
        "channel": event.channel,
        "causation_id": event.causationid,
        "data": event.data,
    }


def _state(fact: Fact) -> dict[str, Any]:
    standing, verified = fact.standing, fact.verified
    return {
        "standing": fact.status,
        "standing_record_id": standing and standing.record_id,
        "standing_operation": standing and standing.operation,
        "standing_version": standing and standing.version,
        "verify_record_id": verified and verified.record_id,
        "verify_version": verified and verified.version,
        "verify_differs": fact.differs,
    }


def _key(record_type: str, row: Row) -> FactKey:
    return FactKey(record_type, row["ministry"], row["subject"], row["fact_key"])


def _fact(row: Row) -> Fact:
    content = row | {"content": row["data"]}
    verified = {
        "record_id": row["verify_record_id"],
        "operation": Operation.VERIFY,
        "version": row["verify_version"],
        "content": row["verify_data"],
    }
    standing = {
        "record_id": row["standing_record_id"],
        "operation": row["standing_operation"],
        "version": row["standing_version"],
    }
    return Fact(_op(content), _op(standing), _op(verified))


def _op(row: Mapping[str, Any]) -> Op | None:
    if row["record_id"] is None:
        return None
    return Op(
        record_id=row["record_id"].hex,
        operation=Operation(row["operation"]),
        version=row["version"],
        record_version=row.get("record_version", 1),
        content=row.get("content"),
    )


def _id(op: Op | None) -> str | None:
    return None if op is None else op.record_id
