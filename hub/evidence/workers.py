"""Marks of living workers: who they are, and how far they have come in their queue."""

from __future__ import annotations

from datetime import datetime

from hub.store.database import Transaction

_BEAT = """
INSERT INTO evidence.worker AS worker (worker_id, kind, queue, watermark, heartbeat_at)
VALUES (%(worker_id)s, %(kind)s, %(queue)s, %(watermark)s, %(now)s)
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at,
    watermark = greatest(worker.watermark, excluded.watermark)
"""

_FORGET = "DELETE FROM evidence.worker WHERE heartbeat_at < %s"

_WATERMARKS = """
SELECT queue, min(watermark) AS watermark FROM evidence.worker
WHERE heartbeat_at > %s AND watermark IS NOT NULL GROUP BY queue
"""


def beat(
    tx: Transaction,
    worker_id: str,
    *,
    kind: str,
    queue: str,
    watermark: datetime | None,
    now: datetime,
) -> None:
    """Record that a worker lives and has settled everything published before ``watermark``."""
    tx.execute(
        _BEAT,
        {"worker_id": worker_id, "kind": kind, "queue": queue, "watermark": watermark, "now": now},
    )


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
