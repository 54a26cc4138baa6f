"""Custody per subscriber: due = delivered + withheld + held + parked + in flight, from unique ids.

*Due* is counted apart from custody: whatever the registry has settled since the subscriber's
queues were bound, of the records it is told of, beside what custody has seen in other ways. So
the sum can fail. *Recalled* counts as withheld. In flight is what waits in custody, what is in a
parcel that was not confirmed, and what has no row yet while something is known to hold it: its
queue is not empty, its worker is held up by an endpoint, or it is younger than the settle time.

What rests is carried forward by the page (``hub.delivery.account_pages``), or counted anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.delivery import account_pages
from hub.delivery.account_pages import MOVING, OVERDUE, UNSEEN
from hub.delivery.subscriber import Subscriber
from hub.evidence.pages import otherwise
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
    anew: bool = False,
) -> list[Line]:
    """Draw up the account as of ``now`` (aware); ``depths`` were read before the transaction.

    What custody holds of a record that the record log does not know is found ``anew`` only.
    """
    count = _counted_anew if anew else account_pages.carried_forward
    return [
        _line(each, count(tx, each, now - settle), depths) for each in subscribers if each.pushed
    ]


def differences(tx: Transaction, subscribers: Iterable[Subscriber], before: datetime) -> list[str]:
    """Name what closed pages say otherwise than counting everything; nothing is as it must be.

    Must be the first thing its transaction does; ``before`` as for what is overdue (aware).
    """
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    subscribers = list(subscribers)
    # First, all that read whole tables: what reads by index has the planner avoid that.
    anew = [_counted_anew(tx, each, before) for each in subscribers]
    found: list[str] = []
    for each, counts in zip(subscribers, anew, strict=True):
        found += otherwise(each.name, counts, account_pages.carried_forward(tx, each, before))
    return found


def depths(bus: Bus, subscribers: Iterable[Subscriber]) -> dict[str, int]:
    """Read how much waits before the gate; missing queues are empty."""
    return bus.depths([queue for each in subscribers for queue in queues_of(each)])


def queues_of(subscriber: Subscriber) -> Sequence[str]:
    """Name the queues before a subscriber's gate."""
    lanes = keys.LANES if subscriber.pushed else ()
    return [keys.outbound_queue(subscriber.name, lane) for lane in lanes]


def _line(subscriber: Subscriber, counts: Counter[str], depths: Mapping[str, int]) -> Line:
    waiting = any(depths.get(queue, 0) for queue in queues_of(subscriber))
    unaccounted = 0 if waiting or counts["unconfirmed"] else counts[OVERDUE]
    return Line(
        subscriber=subscriber.name,
        due=counts.total(),
        delivered=counts["delivered"],
        withheld=counts["withheld"] + counts["recalled"],
        held=counts["held"],
        parked=counts["parked"],
        in_flight=sum(counts[place] for place in MOVING) - unaccounted,
        unaccounted=unaccounted,
        recalled=counts["recalled"],
    )


def _counted_anew(tx: Transaction, subscriber: Subscriber, before: datetime) -> Counter[str]:
    """Count row by row, whatever was closed; what is due and not in custody, apart from custody."""
    tx.count_alone()
    rows = tx.rows(_STATES, [subscriber.name])
    counts = Counter({row["place"]: row["records"] for row in rows})
    if subscriber.since is None:
        return counts
    given = {
        "subscriber": subscriber.name,
        "records": as_json(list(subscriber.records)),
        "since": subscriber.since,
        "before": before,
    }
    (row,) = tx.rows(_UNSEEN, given)
    counts[OVERDUE] = row["old"]
    counts[UNSEEN] = row["records"] - row["old"]
    return counts
