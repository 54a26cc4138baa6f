"""Marks of living workers: who they are, and how far they have come in their queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from hub.store.database import Transaction, as_json

_BEAT = """
INSERT INTO evidence.worker AS worker (worker_id, kind, queue, watermark, heartbeat_at)
SELECT worker_id, %(kind)s, queue, watermark, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (worker_id text, queue text, watermark timestamptz)
ORDER BY worker_id
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at,
    watermark = greatest(worker.watermark, excluded.watermark)
"""

_FORGET = "DELETE FROM evidence.worker WHERE heartbeat_at < %s"

_WATERMARKS = """
SELECT queue, min(watermark) AS watermark FROM evidence.worker
WHERE heartbeat_at > %s AND watermark IS NOT NULL GROUP BY queue
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A worker's mark: it has settled everything of ``queue`` published before ``watermark``."""

    worker_id: str
    queue: str = ""
    watermark: datetime | None = None


def beat(tx: Transaction, kind: str, now: datetime, *marks: Mark) -> None:
    """Record that workers live, and how far each has come."""
    rows = as_json([asdict(mark) for mark in marks])
    tx.execute(_BEAT, {"rows": rows, "kind": kind, "now": now})


def forget(tx: Transaction, silent_since: datetime) -> int:
    """Drop the marks of workers that have not been heard of since then."""
    return tx.execute(_FORGET, [silent_since])


def watermarks(tx: Transaction, alive_since: datetime) -> dict[str, datetime]:
    """Tell per queue how far even its slowest living worker has come."""
    return {row["queue"]: row["watermark"] for row in tx.rows(_WATERMARKS, [alive_since])}


def alive(tx: Transaction, since: datetime) -> frozenset[str]:
    """Name the kinds of worker that were heard of since then."""
    found = tx.rows("SELECT DISTINCT kind FROM evidence.worker WHERE heartbeat_at > %s", [since])
    return frozenset(row["kind"] for row in found)


def names(tx: Transaction, since: datetime) -> list[str]:
    """Name the workers that were heard of since then."""
    found = tx.rows("SELECT worker_id FROM evidence.worker WHERE heartbeat_at > %s", [since])
    return [row["worker_id"] for row in found]
