"""All operations of a fact in the source's order, those that won and those that did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

from hub.registry.facts import FactKey
from hub.registry.tables import KEY, facts_table, history_table
from hub.store.database import Row, Transaction, as_json
from hub.store.statements import compose, listed, typed
from schemas.envelope import Operation

_OPERATIONS: LiteralString = """
WITH wanted AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r ({typed_key}))
SELECT {key}, record_id, operation, version, record_version, occurred_at, recorded_at, message_id,
    data
FROM {facts} JOIN wanted USING ({key}) WHERE record_id IS NOT NULL
UNION ALL
SELECT {key}, record_id, operation, version, record_version, occurred_at, recorded_at, message_id,
    data
FROM {history} JOIN wanted USING ({key})
"""


@dataclass(frozen=True, slots=True)
class Past:
    """One operation as kept. Times are aware, in UTC: ``occurred_at`` at the source,
    ``recorded_at`` in the registry."""

    record_id: str
    operation: Operation
    version: int
    record_version: int
    occurred_at: datetime
    recorded_at: datetime
    message_id: str
    data: Mapping[str, Any] | None

    @property
    def key(self) -> tuple[int, int, str]:
        """Place in the source's order, as ``fold.Op`` has it."""
        return self.version, self.operation.rank, self.record_id


def operations(
    tx: Transaction, record_type: str, keys: Iterable[FactKey]
) -> dict[FactKey, list[Past]]:
    """Read the operations of some facts of one type, each fact's in order."""
    statement = compose(
        _OPERATIONS,
        facts=facts_table(record_type),
        history=history_table(record_type),
        key=listed(KEY),
        typed_key=typed(KEY),
    )
    found: dict[FactKey, list[Past]] = {}
    for row in tx.rows(statement, [as_json([key.as_row() for key in keys])]):
        key = FactKey(record_type, row["ministry"], row["subject"], row["fact_key"])
        found.setdefault(key, []).append(_past(row))
    return {key: sorted(pasts, key=lambda past: past.key) for key, pasts in found.items()}


def _past(row: Row) -> Past:
    return Past(
        record_id=row["record_id"].hex,
        operation=Operation(row["operation"]),
        version=row["version"],
        record_version=row["record_version"],
        occurred_at=row["occurred_at"].astimezone(UTC),
        recorded_at=row["recorded_at"].astimezone(UTC),
        message_id=row["message_id"],
        data=row["data"],
    )
