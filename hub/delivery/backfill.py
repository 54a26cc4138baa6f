"""Backfill: a subscriber is told again what the registry holds, at a limited rate and gated.

Each fact as it stands now, not its history. The position is kept after each step, so that it goes
on where it was interrupted; what it offers twice is not sent twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hub.delivery.custody import Due
from hub.delivery.subscriber import Subscriber
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store.database import Database, Row, Transaction, as_json
from schemas.envelope import Event

LANE = "bulk"
Position = Sequence[str]
"""Key of the last fact that was seen; empty before the first."""

_REQUEST = """
INSERT INTO outbound.backfill (backfill_id, subscriber, records, per_second, requested_by,
    requested_at, reason, position, updated_at)
SELECT %(id)s, %(subscriber)s, ARRAY(SELECT jsonb_array_elements_text(%(records)s::jsonb)),
    %(per_second)s, %(by)s, %(now)s, %(reason)s, '{"records": 0, "after": []}', %(now)s
WHERE NOT EXISTS (SELECT FROM outbound.backfill
    WHERE subscriber = %(subscriber)s AND finished_at IS NULL)
RETURNING backfill_id
"""

_OPEN = """
SELECT backfill_id, records, per_second, position, updated_at FROM outbound.backfill
WHERE subscriber = %s AND finished_at IS NULL ORDER BY requested_at LIMIT 1
"""

_ADVANCE = """
UPDATE outbound.backfill SET position = %(position)s::jsonb, fed = fed + %(fed)s,
    updated_at = %(now)s, finished_at = CASE WHEN %(finished)s THEN %(now)s::timestamptz END
WHERE backfill_id = %(id)s
"""

_LIST = """
SELECT backfill_id, records, per_second, requested_by, requested_at, reason, fed, updated_at,
    finished_at
FROM outbound.backfill WHERE subscriber = %s ORDER BY requested_at
"""


class Facts(Protocol):
    """The registry, as far as a backfill reads it."""

    def __call__(
        self, tx: Transaction, record_type: str, after: Position, limit: int
    ) -> Sequence[tuple[Position, Event | None]]:
        """Read at most so many facts of a type behind a position, in the order of positions."""
        ...


def request(
    tx: Transaction,
    token: str | None,
    subscriber: Subscriber,
    records: Sequence[str],
    per_second: int,
    reason: str,
    now: datetime,
) -> str:
    """Ask for a backfill of some records; return its id.

    Raises ``Declined``: ``not-authenticated``, ``backfill-records`` (not subscribed to),
    ``backfill-test`` (the registry holds live data only), ``backfill-open``.
    """
    by = operators.authenticate(tx, token).name
    unknown = set(records) - set(subscriber.records)
    if not records or unknown:
        raise Declined("backfill-records", "name records that the subscriber is told of")
    if subscriber.test_mode:
        raise Declined("backfill-test", "the registry's data are live, the subscriber is not")
    given: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "subscriber": subscriber.name,
        "records": as_json(list(records)),
        "per_second": per_second,
        "by": by,
        "now": now,
        "reason": reason,
    }
    rows = tx.rows(_REQUEST, given)
    if not rows:
        raise Declined("backfill-open", "a backfill of this subscriber is under way")
    backfill_id: str = rows[0]["backfill_id"].hex
    detail = {"backfill": backfill_id, "records": list(records)}
    about = f"subscriber:{subscriber.name}"
    audit.record(tx, Act(by, "backfill-requested", about, reason, detail), now)
    return backfill_id


def listed(tx: Transaction, subscriber: str) -> list[Row]:
    """List a subscriber's backfills and how far each has come."""
    return tx.rows(_LIST, [subscriber])


@dataclass(frozen=True, slots=True)
class Backfill:
    """Takes the subscriber's open backfill one step further each time it is called."""

    subscriber: Subscriber
    database: Database
    facts: Facts
    most_records: int = 250

    def __call__(self, now: datetime, dispatch: Callable[[Sequence[Due]], None]) -> None:
        """Dispatch as many facts as the rate allows since the last step."""
        with self.database.single() as tx:
            row = next(iter(tx.rows(_OPEN, [self.subscriber.name])), None)
        if row is None:
            return
        elapsed = (now - row["updated_at"]).total_seconds()
        limit = min(int(elapsed * row["per_second"]), self.most_records)
        if limit <= 0:
            return
        place, after = row["position"]["records"], row["position"]["after"]
        with self.database.transaction() as tx:
            found = self.facts(tx, row["records"][place], after, limit)
        dispatch([Due(event, LANE) for _, event in found if event is not None])
        if len(found) < limit:
            place, after = place + 1, []
        else:
            after = list(found[-1][0])
        with self.database.single() as tx:
            tx.execute(
                _ADVANCE,
                {
                    "position": as_json({"records": place, "after": after}),
                    "fed": len(found),
                    "now": now,
                    "finished": place >= len(row["records"]),
                    "id": row["backfill_id"],
                },
            )
