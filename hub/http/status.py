"""What became of a message, record by record, for the ministry that sent it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.store.database import Row, Transaction

_MESSAGES = """
SELECT journal_id, message_key, body_sha256, lane, received_at, arrivals
FROM evidence.journal WHERE ministry = %s AND message_id = %s ORDER BY journal_id
"""

_RECORDS = """
SELECT record_id, ordinal, record_type, state, cause, field, settled_at
FROM evidence.record_log WHERE journal_id = %s AND state <> 'replaced'
ORDER BY ordinal, record_type
"""

_FINDINGS = """
SELECT f.record_id, f.rule, f.field, f.explanation, f.proposal
FROM evidence.finding f JOIN evidence.record_log log USING (record_id)
WHERE log.journal_id = %s ORDER BY f.rule, f.field
"""


def of_message(tx: Transaction, ministry: str, message_id: str) -> dict[str, Any] | None:
    """Tell of the message under an id, and of any other body that came under it; None before
    intake has read it."""
    rows = tx.rows(_MESSAGES, [ministry, message_id])
    if not rows:
        return None
    first, *others = (_message(tx, row) for row in rows)
    return {"messageId": message_id, **first, "reused": others}


def _message(tx: Transaction, row: Row) -> dict[str, Any]:
    findings: dict[Any, list[dict[str, Any]]] = {}
    for found in tx.rows(_FINDINGS, [row["journal_id"]]):
        record_id = found.pop("record_id")
        findings.setdefault(record_id, []).append(found)
    records = tx.rows(_RECORDS, [row["journal_id"]])
    return {
        "sha256": row["body_sha256"],
        "lane": row["lane"],
        "receivedAt": _text(row["received_at"]),
        "arrivals": row["arrivals"],
        "records": [_record(each, findings.get(each["record_id"], [])) for each in records],
    }


def _record(row: Row, findings: list[dict[str, Any]]) -> dict[str, Any]:
    """``rule`` and ``field`` say why a record was refused, ``cause`` why it waits or is parked."""
    refused = row["state"] == "refused"
    return {
        "ordinal": row["ordinal"],
        "recordId": row["record_id"].hex,
        "record": row["record_type"],
        "state": row["state"],
        "rule": row["cause"] if refused else None,
        "field": row["field"] if refused else None,
        "cause": None if refused else row["cause"],
        "settledAt": _text(row["settled_at"]),
        "findings": findings,
    }


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
