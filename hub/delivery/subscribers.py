"""Subscribers in their table; every change is versioned and audited."""

from __future__ import annotations

from datetime import datetime

from hub.delivery.subscriber import Subscriber
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store.database import Row, Transaction, as_json
from routing import keys
from routing.topology import Topology, outbound
from schemas.subscriber_document import SubscriberDocument

_PUT = """
INSERT INTO outbound.subscriber AS subscriber (name, document, version, added_by, added_at,
    changed_at)
VALUES (%(name)s, %(document)s::jsonb, 1, %(by)s, %(now)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET document = excluded.document, version = subscriber.version + 1,
    changed_at = excluded.changed_at
RETURNING version
"""

_BOUND = "UPDATE outbound.subscriber SET since = %s WHERE name = %s AND since IS NULL"
_LIST = "SELECT name, document, version, since, added_by, added_at FROM outbound.subscriber"


def put(tx: Transaction, token: str | None, document: SubscriberDocument, now: datetime) -> int:
    """Enter a subscriber, or change one; return its version.

    Raises ``Declined``: ``not-authenticated``, or ``subscriber-changed`` where it would become
    another one: channel and mode belong to it for good.
    """
    by = operators.authenticate(tx, token).name
    before = find(tx, document.subscriber)
    after = Subscriber.of(document)
    if before and (before.channel, before.test_mode) != (after.channel, after.test_mode):
        raise Declined("subscriber-changed", "channel and test mode are for good: enter another")
    plain = document.model_dump(mode="json", exclude_none=True)
    given = {"name": document.subscriber, "document": as_json(plain), "by": by, "now": now}
    (row,) = tx.rows(_PUT, given)
    action = "subscriber-changed" if before else "subscriber-added"
    detail = {"version": row["version"], "document": plain}
    audit.record(tx, Act(by, action, f"subscriber:{document.subscriber}", detail=detail), now)
    return int(row["version"])


def bound(tx: Transaction, name: str, now: datetime) -> None:
    """Note from when on everything reaches a subscriber's queues."""
    tx.execute(_BOUND, [now, name])


def known(tx: Transaction) -> list[Subscriber]:
    """List all subscribers by name."""
    return [_subscriber(row) for row in tx.rows(f"{_LIST} ORDER BY name")]


def find(tx: Transaction, name: str) -> Subscriber | None:
    """Find a subscriber."""
    rows = tx.rows(f"{_LIST} WHERE name = %s", [name])
    return _subscriber(rows[0]) if rows else None


def topology_of(subscriber: Subscriber) -> Topology:
    """What must exist on the broker for a subscriber."""
    if not subscriber.pushed:
        return Topology()
    return outbound(subscriber.name, subscriber.records, keys.LANES, reads=subscriber.reads)


def _subscriber(row: Row) -> Subscriber:
    return Subscriber.of(SubscriberDocument.model_validate(row["document"]), row["since"])
