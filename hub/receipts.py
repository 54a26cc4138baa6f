"""The receipts' relay: tells ministries what became of their records, after it became so.

Outcomes are in the record log long before anything is told of them, so that telling can be slow,
fail or be killed at any place and neither holds up nor loses an outcome. What was drawn up but
not seen to be confirmed is published again, under the same id and with the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from hub.evidence import receipts
from hub.evidence.receipts import Batch
from hub.store.database import Database
from routing.bus import Bus, Publisher, Unroutable
from routing.keys import DEFAULT, receipt_queue
from routing.message import Message
from routing.observer import Observer

_log = structlog.get_logger()
_ROUNDS = 20
_BATCHES = 10


@dataclass(frozen=True, slots=True)
class ReceiptRelay:
    """One pass over all ministries is ``step``; several relays at once do no harm.

    Where ``backlog`` messages wait unread for a ministry, its further receipts are held back: they
    cost nothing in the record log and fill no broker. 0 means that none are sent. ``at_once`` is
    how many records are told of in one transaction.
    """

    database: Database
    bus: Bus
    publisher: Publisher
    ministries: Sequence[str]
    observer: Observer
    backlog: int = 1000
    at_once: int = 1000

    def step(self, now: datetime) -> int:
        """Tell what is due, in batches; return of how many records ministries were told.

        Raises ``Unavailable`` where broker or database do not answer: try again later.
        """
        queues = {receipt_queue(ministry): ministry for ministry in self.ministries}
        unread = self.bus.depths(list(queues))
        for queue, depth in unread.items():
            self.observer.gauge("receipts_unread", depth, ministry=queues[queue])
        with self.database.transaction() as tx:
            due = receipts.ministries(tx, self.ministries)
        return sum(
            self._tell(queues[queue], depth, now)
            for queue, depth in unread.items()
            if queues[queue] in due
        )

    def close(self) -> None:
        """Close the connections to broker and database."""
        self.publisher.close()
        self.database.close()

    def _tell(self, ministry: str, unread: int, now: datetime) -> int:
        """Send what waits, then what is due, as long as there is room in the queue."""
        told, room = 0, self.backlog - unread
        for _ in range(_ROUNDS):
            if room <= 0:
                break
            drawn, most = 0, min(room, _BATCHES)
            with self.database.transaction() as tx:
                waiting = receipts.waiting(tx, ministry, most)
                if not waiting:
                    drawn = receipts.draw_up(tx, ministry, self.at_once, now)
                    waiting = receipts.waiting(tx, ministry, most) if drawn else waiting
            if not waiting or not self._send(ministry, waiting, now):
                break
            told += drawn
            room -= len(waiting)
            if 0 < drawn < self.at_once:
                break
        return told

    def _send(self, ministry: str, waiting: Sequence[Batch], now: datetime) -> bool:
        try:
            self.publisher.publish(list(_messages(ministry, waiting, now)))
        except Unroutable as missing:
            _log.warning("receipt queue missing", queue=missing.routing_key)
            return False
        with self.database.transaction() as tx:
            receipts.confirmed(tx, waiting)
        documents = sum(batch.documents for batch in waiting)
        self.observer.count("receipts_sent", documents, ministry=ministry)
        return True


def _messages(ministry: str, waiting: Iterable[Batch], now: datetime) -> Iterable[Message]:
    for batch in waiting:
        yield Message(
            exchange=DEFAULT,
            routing_key=receipt_queue(ministry),
            body=batch.body,
            message_id=batch.batch_id,
            content_type="application/json",
            timestamp=now,
        )
