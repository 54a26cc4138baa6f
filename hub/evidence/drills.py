"""The record of drills: begun, ended, and how."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.store.database import Row, Transaction, as_json

_BEGIN = """
INSERT INTO evidence.drill (drill_id, name, by, began_at, detail) VALUES (%s, %s, %s, %s, '{}')
"""
_END = """
UPDATE evidence.drill SET ended_at = %s, passed = %s, detail = %s::jsonb
WHERE drill_id = %s AND ended_at IS NULL
"""
_LIST = """
SELECT drill_id, name, by, began_at, ended_at, passed FROM evidence.drill
ORDER BY began_at DESC LIMIT %s
"""
_FIND = "SELECT * FROM evidence.drill WHERE starts_with(replace(drill_id::text, '-', ''), %s)"


def begin(tx: Transaction, name: str, by: str, now: datetime) -> str:
    """Enter a drill; return its id (32 hex digits)."""
    drill = uuid.uuid4().hex
    tx.execute(_BEGIN, [drill, name, by, now])
    audit.record(tx, Act(by, "drill-begun", f"drill:{drill}", detail={"name": name}), now)
    return drill


def end(
    tx: Transaction, drill: str, by: str, now: datetime, *, passed: bool, detail: Mapping[str, Any]
) -> None:
    """Write down how a drill ended; a second end changes nothing."""
    if tx.execute(_END, [now, passed, as_json(dict(detail)), drill]):
        outcome = "passed" if passed else "failed"
        audit.record(tx, Act(by, "drill-ended", f"drill:{drill}", outcome=outcome), now)


def known(tx: Transaction, most: int) -> list[Row]:
    """List drills, the latest first."""
    return tx.rows(_LIST, [most])


def find(tx: Transaction, beginning: str) -> list[Row]:
    """Find drills by the beginning of their id."""
    return tx.rows(_FIND, [beginning.lower()])
