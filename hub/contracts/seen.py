"""What ministries were seen to serve, kept in the database version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Transaction, as_json

_LAST = """
SELECT sha256, body, first_seen_at FROM evidence.contract_seen
WHERE ministry = %s AND address = %s ORDER BY last_seen_at DESC, first_seen_at DESC LIMIT 1
"""

_KEEP = """
INSERT INTO evidence.contract_seen AS seen
    (ministry, address, sha256, body, contract, state, changes, first_seen_at, last_seen_at)
VALUES (%(ministry)s, %(address)s, %(sha256)s, %(body)s, %(contract)s, %(state)s,
    %(changes)s::jsonb, %(now)s, %(now)s)
ON CONFLICT (ministry, address, sha256) DO UPDATE SET contract = excluded.contract,
    state = excluded.state, changes = excluded.changes,
    last_seen_at = greatest(seen.last_seen_at, excluded.last_seen_at)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The version that was served when the guard last looked."""

    sha256: str
    body: bytes
    since: datetime


def last(tx: Transaction, ministry: str, address: str) -> Seen | None:
    """Read the version seen last at an address; None before the first look."""
    rows = tx.rows(_LAST, [ministry, address])
    return Seen(rows[0]["sha256"], rows[0]["body"], rows[0]["first_seen_at"]) if rows else None


def keep(
    tx: Transaction, *, changes: list[dict[str, Any]], now: datetime, **values: str | bytes | None
) -> None:
    """Remember a version: its row is made once, and says anew what it means to us."""
    tx.execute(_KEEP, {**values, "changes": as_json(changes), "now": now})
