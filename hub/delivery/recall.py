"""Access to ``deliver.<subscriber>`` brought in line with the grants, and what waits there with it.

What was restricted is taken out of the queue unread, and each record's id is logged as recalled;
what leaves under a grant that is still in force is put back, in its order. Interrupted at any
place, it is simply done again: the queue is closed to its reader until it is done.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog

from hub.delivery import disclosures, fence, grants
from hub.delivery.administration import BrokerAdministration
from hub.delivery.disclosures import Disclosure, Ruling, Verdict
from hub.delivery.gate import lapse
from hub.delivery.grant import Grant
from hub.delivery.minimising import persons_named
from hub.delivery.subscriber import Subscriber
from hub.store.database import Database, Transaction, as_json
from routing import keys
from routing.bus import Bus, Subscription
from routing.message import GRANT, GRANT_VERSION, RECALL, Delivery, Message
from schemas.envelope import SOURCE_PREFIX, TYPE_PREFIX
from schemas.errors import Unavailable

_log = structlog.get_logger()
SEEN = "it may have been seen: a reader had it and did not acknowledge it"
_BATCH = 250
_PREFETCH = 2000

_REQUEST = """
INSERT INTO outbound.access AS access (subscriber, recall, requested_at) VALUES (%s, %s, %s)
ON CONFLICT (subscriber) DO UPDATE SET requested_at = excluded.requested_at, settled_at = NULL,
    recall = excluded.recall OR (access.recall AND access.settled_at IS NULL)
"""

_OPEN = "SELECT subscriber, recall, requested_at FROM outbound.access WHERE settled_at IS NULL"

_SETTLED = """
UPDATE outbound.access SET settled_at = %s
WHERE subscriber = %s AND requested_at = %s AND settled_at IS NULL
"""

_RECALLED = """
UPDATE outbound.custody SET state = 'recalled', reason = r.reason, decided_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, reason text)
WHERE subscriber = %(subscriber)s AND custody.record_id = r.record_id AND state = 'sent'
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A subscriber whose access is to be settled; ``requested_at`` (aware) tells requests apart."""

    subscriber: str
    recall: bool
    requested_at: datetime


def request(tx: Transaction, subscriber: str, now: datetime, *, recall: bool) -> None:
    """Ask, in the transaction that changes a grant, that access be settled after its commit."""
    tx.execute(_REQUEST, [subscriber, recall, now])


def requested(tx: Transaction) -> list[Request]:
    """List what is to be settled."""
    return [Request(**row) for row in tx.rows(_OPEN)]


@dataclass(frozen=True, slots=True)
class Recaller:
    """Settles access. ``persons`` are the URN prefixes of identifiers of persons.

    An empty queue counts as empty after so many seconds of ``silence``: what a reader held when
    its connection was closed comes back to it.
    """

    database: Database
    bus: Bus
    administration: BrokerAdministration
    persons: frozenset[str]
    silence: float = 1.0

    def settle(
        self, subscriber: Subscriber, wanted: Request, now: datetime, *, closed: bool = False
    ) -> int:
        """Close the queue to its reader, unless that is done, recall, and open it if it may be.

        Returns how many records were recalled. Raises ``Unavailable``; then it is still closed.
        """
        recalled = 0
        with fence.turn(self.database, subscriber.name):
            with self.database.transaction() as tx:
                if wanted not in requested(tx):
                    return 0
            if subscriber.reads and wanted.recall:
                if not closed:
                    self.administration.forbid(subscriber.name)
                recalled = self._drain(subscriber, now)
            self._open(subscriber, wanted, now)
        _log.warning("access settled", subscriber=subscriber.name, recalled=recalled)
        return recalled

    def _open(self, subscriber: Subscriber, wanted: Request, now: datetime) -> None:
        """Let the subscriber read, unless access was closed again meanwhile."""
        with self.database.transaction() as tx:
            fence.access(tx, subscriber.name)
            newest = tx.execute(_SETTLED, [now, wanted.subscriber, wanted.requested_at])
            standing = grants.standing(tx, grants.ids_of(tx, subscriber.name))
            in_force = any(lapse(grant, now) is None for grant in standing)
            if newest and subscriber.reads and in_force:
                self.administration.permit(subscriber.name)

    def _drain(self, subscriber: Subscriber, now: datetime) -> int:
        """Look at everything that waits, once: a mark of this time tells what was put back."""
        queue, mark = keys.deliver_queue(subscriber.name), uuid.uuid4().hex
        subscription = self.bus.subscribe([queue], prefetch=_PREFETCH)
        recalled = 0
        try:
            while True:
                batch = subscription.receive(_BATCH, self.silence)
                seen = [each for each in batch if each.headers.get(RECALL) == mark]
                fresh = [each for each in batch if each.headers.get(RECALL) != mark]
                recalled += self._take_back(subscription, subscriber, fresh, mark, now)
                if seen:
                    subscription.release(seen)
                    return recalled
                if not batch and not self._left(queue):
                    return recalled
        finally:
            subscription.close()

    def _left(self, queue: str) -> int:
        depth = self.bus.depths([queue]).get(queue)
        if depth is None:
            raise Unavailable("broker: the queue of the subscriber is missing")
        return depth

    def _take_back(
        self,
        subscription: Subscription,
        subscriber: Subscriber,
        batch: Sequence[Delivery],
        mark: str,
        now: datetime,
    ) -> int:
        """Log and drop what may not be read any more, put back the rest, then acknowledge."""
        if not batch:
            return 0
        standing = {grant.grant_id: grant for grant in self._grants(subscriber.name)}
        gone = [(each, reason) for each in batch if (reason := _lapsed(each, standing, now))]
        lapsed = {id(each) for each, _ in gone}
        kept = [each for each in batch if id(each) not in lapsed]
        count = self._log(subscriber, gone, standing, now)
        subscription.publish([_put_back(each, mark) for each in kept])
        subscription.ack(batch)
        return count

    def _log(
        self,
        subscriber: Subscriber,
        gone: Sequence[tuple[Delivery, str]],
        standing: dict[str, Grant],
        now: datetime,
    ) -> int:
        recalled = [
            _recalled(subscriber, event, each, standing, reason, self.persons)
            for each, reason in gone
            for event in orjson.loads(each.body)
        ]
        if recalled:
            rows = [{"record_id": r.record_id, "reason": r.ruling.reason} for r in recalled]
            given = {"rows": as_json(rows), "subscriber": subscriber.name, "now": now}
            with self.database.transaction() as tx:
                disclosures.write(tx, recalled, now)
                tx.execute(_RECALLED, given)
        return len(recalled)

    def _grants(self, name: str) -> Iterable[Grant]:
        with self.database.transaction() as tx:
            return grants.standing(tx, grants.ids_of(tx, name))


def _lapsed(delivery: Delivery, standing: dict[str, Grant], now: datetime) -> str | None:
    """Say why what a message holds may not be read any more, if that is so."""
    grant = standing.get(str(delivery.headers.get(GRANT)))
    if grant is None:
        return "no-grant"
    if grant.version != delivery.headers.get(GRANT_VERSION):
        return "grant-replaced"
    return lapse(grant, now)


def _put_back(delivery: Delivery, mark: str) -> Message:
    return Message(
        exchange=keys.DEFAULT,
        routing_key=delivery.queue,
        body=delivery.body,
        message_id=delivery.message_id,
        content_type=delivery.content_type,
        headers={**delivery.headers, RECALL: mark},
        timestamp=delivery.timestamp,
    )


def _recalled(
    subscriber: Subscriber,
    event: dict[str, Any],
    delivery: Delivery,
    standing: dict[str, Grant],
    reason: str,
    persons: frozenset[str],
) -> Disclosure:
    grant_id = str(delivery.headers.get(GRANT))
    version = delivery.headers.get(GRANT_VERSION)
    grant = standing.get(grant_id)
    ruling = Ruling(
        subscriber=subscriber.name,
        verdict=Verdict.RECALLED,
        record_type=event["type"].removeprefix(TYPE_PREFIX).rpartition(".v")[0],
        ministry=event["source"].removeprefix(SOURCE_PREFIX),
        channel=subscriber.channel,
        reason=reason,
        fields=sorted(event.get("data", {})),
        grant_id=grant_id,
        grant_version=version if type(version) is int else None,
        grant_entry=grant.entry if grant else None,
        missing=SEEN if delivery.redelivered else None,
    )
    return Disclosure(ruling, event["id"], persons_named(event, persons))
