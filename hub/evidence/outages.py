"""What a worker could not reach, from when to when: the raw material of a downtime register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.breaker import BreakerEvent
from hub.store.database import Database, Row, as_json

_KEEP = """
INSERT INTO evidence.breaker_event (worker_id, hop, turn, at, dependency, cause)
SELECT %(worker_id)s, hop, turn, at, dependency, cause
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (hop text, turn text, at timestamptz, dependency text, cause text)
ON CONFLICT DO NOTHING
"""

_OUTAGES = """
SELECT o.worker_id, o.hop, o.dependency, o.cause, o.at AS down_since,
    (SELECT min(c.at) FROM evidence.breaker_event c
     WHERE c.worker_id = o.worker_id AND c.hop = o.hop AND c.turn = 'closed' AND c.at >= o.at
    ) AS up_since
FROM evidence.breaker_event o
WHERE o.turn = 'opened' AND o.at >= %s
ORDER BY o.at, o.worker_id, o.hop
"""


class OutageLog:
    """Keeps the breaker events of one worker; the same event again changes nothing."""

    def __init__(self, database: Database, worker_id: str) -> None:
        self._database = database
        self._worker_id = worker_id

    def keep(self, events: Sequence[BreakerEvent]) -> None:
        """Keep events in a transaction of their own."""
        rows = [
            {
                "hop": event.hop,
                "turn": event.turn,
                "at": event.at.isoformat(),
                "dependency": event.dependency,
                "cause": event.cause,
            }
            for event in events
        ]
        with self._database.transaction() as tx:
            tx.execute(_KEEP, {"worker_id": self._worker_id, "rows": as_json(rows)})

    def since(self, start: datetime) -> list[Row]:
        """List outages that began at or after ``start``: worker_id, hop, dependency, cause,
        down_since, up_since (None: not known to have ended)."""
        with self._database.transaction() as tx:
            return tx.rows(_OUTAGES, [start])
