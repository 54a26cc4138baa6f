"""Parcels in their table: what may be on its way right now, and how each attempt ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.delivery.custody import Due
from hub.delivery.sender import Parcel
from hub.store.database import Transaction, as_json


class Outcome(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    POSTPONED = "postponed"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel and the records in it; its grant is valid until before ``valid_until`` (aware)."""

    parcel: Parcel
    records: Sequence[Due]
    valid_until: datetime


_START = """
INSERT INTO outbound.parcel AS parcel (delivery_id, subscriber, grant_id, grant_version, records,
    attempts, started_at, deadline)
SELECT delivery_id, subscriber, grant_id, grant_version, records, 1, %(now)s, %(deadline)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (delivery_id uuid, subscriber text, grant_id text,
    grant_version integer, records integer)
ORDER BY delivery_id
ON CONFLICT (delivery_id) DO UPDATE SET attempts = parcel.attempts + 1,
    grant_id = excluded.grant_id, grant_version = excluded.grant_version,
    started_at = excluded.started_at, deadline = excluded.deadline, ended_at = NULL,
    outcome = NULL
"""

_END = """
UPDATE outbound.parcel AS parcel SET ended_at = %(now)s, outcome = r.outcome,
    delivered_at = CASE WHEN r.outcome = 'delivered' THEN coalesce(delivered_at, %(now)s)
                        ELSE delivered_at END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (delivery_id uuid, outcome text)
WHERE parcel.delivery_id = r.delivery_id
"""

_LATEST_DEADLINE = """
SELECT max(deadline) AS deadline FROM outbound.parcel
WHERE grant_id = %s AND ended_at IS NULL AND deadline > %s
"""


def start(tx: Transaction, packed: Sequence[Packed], now: datetime, deadline: datetime) -> None:
    """Note that parcels are about to leave, and by when that is over."""
    rows = [
        {
            "delivery_id": each.parcel.delivery_id,
            "subscriber": each.parcel.subscriber,
            "grant_id": each.parcel.grant_id,
            "grant_version": each.parcel.grant_version,
            "records": len(each.records),
        }
        for each in packed
    ]
    if rows:
        tx.execute(_START, {"rows": as_json(rows), "now": now, "deadline": deadline})


def end(tx: Transaction, outcomes: Sequence[tuple[Packed, Outcome]], now: datetime) -> None:
    """Note how attempts ended."""
    rows = [
        {"delivery_id": packed.parcel.delivery_id, "outcome": outcome}
        for packed, outcome in outcomes
    ]
    if rows:
        tx.execute(_END, {"rows": as_json(rows), "now": now})


def on_its_way_until(tx: Transaction, grant_id: str, now: datetime) -> datetime | None:
    """Tell by when everything that may be on its way under a grant has arrived or failed.

    None if nothing is. With the grant's fence taken this concerns vanished senders only.
    """
    (row,) = tx.rows(_LATEST_DEADLINE, [grant_id, now])
    deadline: datetime | None = row["deadline"]
    return deadline
