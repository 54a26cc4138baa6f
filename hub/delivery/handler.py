"""What a subscriber's worker does with its deliveries; the loop around it is ``hub.hop``.

Each subscriber has a worker of its own, with its own queues, breaker and custody: whatever one
endpoint does, the others do not notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from hub.delivery import custody
from hub.delivery.custody import Due, Entry, Place, State
from hub.delivery.dispatcher import Dispatcher, to_decide
from hub.evidence.claims import Suspects
from hub.parts import in_parts
from routing.bus import Publisher
from routing.message import Delivery
from routing.outcome import Park
from routing.parking import parked, put_aside
from schemas.envelope import decode_batch
from schemas.errors import Parked, Refused, Stop, Unavailable

_log = structlog.get_logger()
KILLED = "killed-process"
_LOOK_AGAIN = timedelta(seconds=1)
Feed = Callable[[datetime, Callable[[Sequence[Due]], None]], None]


@dataclass(slots=True)
class DeliveryHandler:
    """Dispatches canonical batches, and whatever waits in custody until its time has come.

    ``publisher`` parks what cannot be read. ``feeds`` are further sources: each hands over what it
    has. They and custody are looked at in each quiet moment, and between batches once a second,
    or for as long as there was something the last time. While it is ``paused`` everything
    waits in custody and nothing is sent.
    """

    dispatcher: Dispatcher
    publisher: Publisher
    feeds: Sequence[Feed] = ()
    most_records: int = 250
    paused: Callable[[], bool] = lambda: False
    _look_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    @property
    def _hop(self) -> str:
        return f"delivery.{self.dispatcher.subscriber.name}"

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """See all records of a batch through the gate, then something of what waits.

        Deliveries are read as their turn comes: what is in memory at once is a part of them.
        """
        records = (record for delivery in deliveries for record in _records(delivery))
        if self.paused():
            self._keep(list(records), now)
            return
        for part in in_parts(records, self.most_records):
            self.dispatcher.dispatch(part)
        if now >= self._look_at:
            self._feed(now)

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """See records through one by one; one that fails waits in custody."""
        if self.paused():
            self._keep(self._readable(delivery, now), now)
            return
        for record in self._readable(delivery, now):
            self._singly(record, now)

    @property
    def suspects(self) -> Suspects:
        """Claims on suspects, by their bodies."""
        return Suspects(self.dispatcher.database, self._hop)

    def convict(self, delivery: Delivery, now: datetime) -> None:
        """Park what a suspect holds; it waits in custody for a person, nothing of it was sent."""
        killer = Parked(KILLED, "a process died while this was handled alone")
        for record in self._readable(delivery, now):
            self._set_aside(record, killer, now)

    def idle(self, now: datetime) -> None:
        """See to what waits in custody, as long as there is any."""
        self._feed(now)

    def close(self) -> None:
        """Close the endpoint's and the database's connections."""
        self.dispatcher.sender.close()
        self.dispatcher.database.close()

    def _keep(self, records: Sequence[Due], now: datetime) -> None:
        """Put records into custody undecided: the gate decides when the pause is over."""
        dispatcher, name = self.dispatcher, self.dispatcher.subscriber.name
        with dispatcher.database.transaction() as tx:
            known = custody.known(tx, name, [record.event.id for record in records])
            place = Place(State.RETRYING, due=now, keep=True)
            waiting = [Entry(each, place, each.attempts) for each in to_decide(records, known)]
            custody.put(tx, name, waiting, now)

    def _feed(self, now: datetime) -> None:
        if self.paused():
            return
        dispatcher = self.dispatcher
        with dispatcher.database.single() as tx:
            due = custody.waiting(tx, dispatcher.subscriber.name, now, self.most_records)
        self._look_at = now if due else now + _LOOK_AGAIN
        self._see_through(due, now)
        for feed in self.feeds:
            feed(now, lambda records: self._see_fed(records, now))

    def _see_fed(self, records: Sequence[Due], now: datetime) -> None:
        self._look_at = now
        self._see_through(records, now)

    def _see_through(self, due: Sequence[Due], now: datetime) -> None:
        try:
            self.dispatcher.dispatch(due)
        except (Unavailable, Stop):
            raise
        except Exception:  # noqa: BLE001 - each record's own failure decides
            for record in due:
                self._singly(record, now)

    def _singly(self, record: Due, now: datetime) -> None:
        try:
            self.dispatcher.dispatch([record])
        except (Unavailable, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - only this record may suffer
            _log.warning("record set aside", record_id=record.event.id, cause=type(error).__name__)
            self._set_aside(record, error, now)

    def _set_aside(self, record: Due, error: Exception, now: datetime) -> None:
        dispatcher = self.dispatcher
        entry = dispatcher.set_aside(record, error, now)
        with dispatcher.database.transaction() as tx:
            known = custody.known(tx, dispatcher.subscriber.name, [record.event.id])
            found = known.get(record.event.id)
            if not (found and found.delivered):
                custody.put(tx, dispatcher.subscriber.name, [entry], now)
        dispatcher.observer.count("put_aside", 1, hop=self._hop)

    def _readable(self, delivery: Delivery, now: datetime) -> Sequence[Due]:
        """Decode a delivery; one that cannot be decoded is parked whole and holds nothing."""
        try:
            return _records(delivery)
        except Refused as error:
            _log.error("canonical batch unreadable", cause=error.rule)
            park = Park(error.rule, error.explanation)
            put_aside(self.publisher, [parked(delivery, park, now)])
            return ()


def _records(delivery: Delivery) -> Sequence[Due]:
    lane = delivery.queue.rpartition(".")[2]
    return [Due(event, lane) for event in decode_batch(delivery.body)]
