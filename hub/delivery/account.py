"""Custody per subscriber: due = delivered + withheld + held + parked + in flight, from unique ids.

*Due* is counted apart from custody: whatever the registry has settled since the subscriber's
queues were bound, of the records it is told of, beside what custody has seen in other ways. So
the sum can fail. *Recalled* counts as withheld. In flight is what waits in custody, what is in a
parcel that was not confirmed, and what has no row yet while something is known to hold it: its
queue is not empty, its worker is held up by an endpoint, or it is younger than the settle time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.delivery.subscriber import Subscriber
from hub.store.database import Transaction, as_json
from routing import keys
from routing.bus import Bus

_STATES = """
SELECT CASE WHEN c.state <> 'sent' THEN c.state
            WHEN p.delivered_at IS NOT NULL THEN 'delivered' ELSE 'unconfirmed' END AS place,
    count(*) AS records
FROM outbound.custody c LEFT JOIN outbound.parcel p USING (delivery_id)
WHERE c.subscriber = %s GROUP BY place
"""

_UNSEEN = """
SELECT count(*) AS records, count(*) FILTER (WHERE log.settled_at < %(before)s) AS old
FROM evidence.record_log log
WHERE log.record_type IN (SELECT value FROM jsonb_array_elements_text(%(records)s::jsonb))
  AND log.received_at >= %(since)s AND log.state IN ('written', 'unchanged', 'superseded')
  AND NOT EXISTS (SELECT FROM outbound.custody c
      WHERE (c.subscriber, c.record_id) = (%(subscriber)s, log.record_id))
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One subscriber's account, in records; ``recalled`` is the part of ``withheld`` taken back."""

    subscriber: str
    due: int
    delivered: int
    withheld: int
    held: int
    parked: int
    in_flight: int
    unaccounted: int
    recalled: int

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.unaccounted == 0

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        plain = asdict(self)
        return {"inFlight" if name == "in_flight" else name: value for name, value in plain.items()}


def draw_up(
    tx: Transaction,
    subscribers: Iterable[Subscriber],
    depths: Mapping[str, int],
    *,
    settle: timedelta,
    now: datetime,
) -> list[Line]:
    """Draw up the account as of ``now`` (aware); ``depths`` were read before the transaction."""
    tx.count_alone()
    return [_line(tx, each, depths, settle, now) for each in subscribers if each.pushed]


def depths(bus: Bus, subscribers: Iterable[Subscriber]) -> dict[str, int]:
    """Read how much waits before the gate; missing queues are empty."""
    return bus.depths([queue for each in subscribers for queue in queues_of(each)])


def queues_of(subscriber: Subscriber) -> Sequence[str]:
    """Name the queues before a subscriber's gate."""
    lanes = keys.LANES if subscriber.pushed else ()
    return [keys.outbound_queue(subscriber.name, lane) for lane in lanes]


def _line(
    tx: Transaction,
    subscriber: Subscriber,
    depths: Mapping[str, int],
    settle: timedelta,
    now: datetime,
) -> Line:
    rows = tx.rows(_STATES, [subscriber.name])
    count = {row["place"]: row["records"] for row in rows}
    unseen, old = _unseen(tx, subscriber, now - settle)
    waiting = any(depths.get(queue, 0) for queue in queues_of(subscriber))
    unaccounted = 0 if waiting or count.get("unconfirmed") else old
    return Line(
        subscriber=subscriber.name,
        due=sum(count.values()) + unseen,
        delivered=count.get("delivered", 0),
        withheld=count.get("withheld", 0) + count.get("recalled", 0),
        held=count.get("held", 0),
        parked=count.get("parked", 0),
        in_flight=count.get("retrying", 0) + count.get("unconfirmed", 0) + unseen - unaccounted,
        unaccounted=unaccounted,
        recalled=count.get("recalled", 0),
    )


def _unseen(tx: Transaction, subscriber: Subscriber, before: datetime) -> tuple[int, int]:
    """Count what is due and not in custody, and what of it has been settled for long."""
    if subscriber.since is None:
        return 0, 0
    given = {
        "subscriber": subscriber.name,
        "records": as_json(list(subscriber.records)),
        "since": subscriber.since,
        "before": before,
    }
    (row,) = tx.rows(_UNSEEN, given)
    return row["records"], row["old"]
