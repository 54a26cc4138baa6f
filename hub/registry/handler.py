"""What the registry does with its deliveries; the loop around it is ``hub.hop``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from hub.evidence import claims, record_log, workers
from hub.evidence.claims import Suspects
from hub.evidence.record_log import Settlement, State
from hub.evidence.workers import Mark
from hub.parts import in_parts
from hub.registry import feed
from hub.registry.authority import Authority, assumed
from hub.registry.fold import Outcome
from hub.registry.measuring import measure
from hub.registry.subjects import redraw_outdated
from hub.registry.writer import write
from hub.store.database import Database, Transaction
from routing import retry
from routing.bus import Publisher
from routing.message import PUBLISHED_AT, Delivery, Message
from routing.observer import Observer
from routing.outcome import Park, Retry
from routing.parking import parked, postponed, put_aside
from schemas.envelope import Event, decode_batch, encode_batch
from schemas.errors import Parked, Refused, Stop, Unavailable

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing

_log = structlog.get_logger()
HOP = "registry"
KILLED = "killed-process"
TEST_MODE = "test-mode"

_Failure = tuple[Event, Exception]


@dataclass(frozen=True, slots=True)
class RegistryHandler:
    """Writes canonical batches. ``queues`` are those it consumes, for the marks of life.

    ``most_records`` bounds one transaction: each record takes up to three of PostgreSQL's locks.
    With a ``clock``, outcomes are dated at the end of the work on their batch, not at its start.
    """

    worker_id: str
    database: Database
    publisher: Publisher
    queues: Sequence[str]
    observer: Observer
    policy: retry.Policy = field(default_factory=retry.Policy)
    authority: Authority = field(default_factory=assumed)
    most_records: int = 500
    clock: Callable[[], datetime] | None = None
    tracing: Tracing | None = None
    _claimed: set[str] = field(default_factory=set)

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Write all records of a batch together with their outcome in the record log."""
        events = (event for delivery in deliveries for event in decode_batch(delivery.body))
        parts = in_parts(events, self.most_records)
        part = next(parts, [])
        for following in parts:
            self._write(part, now)
            part = following
        self._write(part, now, deliveries)

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """Write one delivery; if it fails, record by record, and put aside those that fail."""
        try:
            self.handle([delivery], now)
        except (Unavailable, Stop):
            raise
        except Exception:  # noqa: BLE001 - each record's own failure decides
            failed = self._singly(self._readable(delivery, now), now)
            self._put_aside(delivery, failed, now)

    @property
    def suspects(self) -> Suspects:
        """Claims on suspects, by their bodies."""
        return Suspects(self.database, HOP)

    def convict(self, delivery: Delivery, now: datetime) -> None:
        """Find the record that kills: each is claimed and written alone, one claimed twice parked.

        Its neighbours are written, even if that takes another death of the process.
        """
        events = self._readable(delivery, now)
        with self.database.transaction() as tx:
            final = record_log.final_outcomes(tx, [event.id for event in events])
        waiting = [event for event in events if event.id not in final]
        failed = list(self._under_claim(waiting, now))
        self._put_aside(delivery, failed, now)
        with self.database.transaction() as tx:
            claims.release(tx, HOP, [event.id for event, _ in failed])
        self._claimed.clear()

    def idle(self, now: datetime) -> None:
        """Show that this worker lives; bring golden records to the matrix in force."""
        with self.database.transaction() as tx:
            self._beat(tx, (), now)
            redraw_outdated(tx, self.authority, now)

    def close(self) -> None:
        """Close the database connection."""
        self.database.close()

    def _write(
        self, events: Sequence[Event], now: datetime, whole: Sequence[Delivery] = ()
    ) -> None:
        """Write events; with the last of a batch, mark how far the ``whole`` of it has come."""
        if self.tracing is None:
            self._commit(events, now, whole)
            return
        parents = [event.traceparent for event in events]
        with self.tracing.batch("registry commit", parents, records=len(events)):
            self._commit(events, now, whole)

    def _commit(self, events: Sequence[Event], now: datetime, whole: Sequence[Delivery]) -> None:
        with self.database.transaction() as tx:
            if whole:
                self._beat(tx, whole, now)
            final = record_log.final_outcomes(tx, [event.id for event in events])
            fresh = [event for event in events if event.id not in final]
            if not fresh:
                return
            live = [event for event in fresh if not event.testmode]
            won = write(tx, live, now, self.authority) if live else {}
            settled = [Settlement(key, State(state)) for key, state in sorted(won.items())]
            settled += [_ends_here(event) for event in fresh if event.testmode]
            ways = record_log.settle(tx, settled, self._present(now))
            feed.append(tx, _effective(live, won), now)
        told = Counter((event.ministry, won[event.id]) for event in live)
        measure(self.observer, told, ways, self._present(now))

    def _present(self, now: datetime) -> datetime:
        return self.clock() if self.clock else now

    def _singly(self, events: Iterable[Event], now: datetime) -> list[_Failure]:
        failed: list[_Failure] = []
        for event in events:
            try:
                self._write([event], now)
            except (Unavailable, Stop):
                raise
            except Exception as error:  # noqa: BLE001 - only this record may suffer
                failed.append((event, error))
        return failed

    def _under_claim(self, events: Iterable[Event], now: datetime) -> Iterator[_Failure]:
        for event in events:
            if self._killed_another(event, now):
                yield event, Parked(KILLED, "a process died while this was written alone")
                continue
            failed = self._singly([event], now)
            yield from failed
            if not failed:
                with self.database.transaction() as tx:
                    claims.release(tx, HOP, [event.id])

    def _killed_another(self, event: Event, now: datetime) -> bool:
        """Claim a record; a claim of this process, repeated after an outage, convicts nobody."""
        if event.id in self._claimed:
            return False
        with self.database.transaction() as tx:
            crashes = claims.claim(tx, HOP, [event.id], now)[event.id]
        if crashes == 1:
            self._claimed.add(event.id)
        return crashes > 1

    def _readable(self, delivery: Delivery, now: datetime) -> Sequence[Event]:
        """Decode a delivery; one that cannot be decoded is parked whole and holds nothing."""
        try:
            return decode_batch(delivery.body)
        except Refused as error:
            _log.error("canonical batch unreadable", cause=error.rule)
            park = Park(error.rule, error.explanation)
            put_aside(self.publisher, [parked(delivery, park, now)])
            return ()

    def _put_aside(self, delivery: Delivery, failed: Sequence[_Failure], now: datetime) -> None:
        """Publish failed records singly to the ladder or the dead queue, and note it.

        Noted first, committed last: where it cannot be noted nothing is published, for whoever
        repeats this would publish it again each time.
        """
        if not failed:
            return
        decided = [self._decide(delivery, event, error, now) for event, error in failed]
        with self.database.transaction() as tx:
            record_log.settle(tx, [settlement for _, settlement in decided], now)
            put_aside(self.publisher, [message for message, _ in decided])
        self.observer.count("put_aside", len(decided), hop=HOP)

    def _decide(
        self, delivery: Delivery, event: Event, error: Exception, now: datetime
    ) -> tuple[Message, Settlement]:
        attempts, body = retry.attempts(delivery), encode_batch([event])
        kind = type(error).__name__
        _log.warning("record put aside", record_id=event.id, cause=kind)
        match retry.decide(error, attempts, self.policy, event.id):
            case Retry() as again:
                message = postponed(delivery, again, body=body, message_id=event.id)
                due = now + timedelta(seconds=again.rung.seconds)
                self.observer.count("retries", hop=HOP, rung=again.rung.step)
                return message, Settlement(
                    event.id, State.RETRYING, kind, attempts=again.attempts, due=due
                )
            case Park() as park:
                pass
            case _:
                # A rule broken at this hop is the hub's own doing: no sender could mend it.
                rule = error.rule if isinstance(error, Refused) else kind
                park = Park(rule, kind)
        message = parked(delivery, park, now, attempts=attempts, body=body, message_id=event.id)
        return message, Settlement(event.id, State.PARKED, park.cause, attempts=attempts)

    def _beat(self, tx: Transaction, deliveries: Sequence[Delivery], now: datetime) -> None:
        marks = [
            Mark(f"{self.worker_id}/{queue}", queue, _reached(deliveries, queue))
            for queue in self.queues
        ]
        workers.beat(tx, HOP, now, *marks)


def _ends_here(event: Event) -> Settlement:
    """A record marked as a test never reaches live tables (decree 2.9.2)."""
    return Settlement(event.id, State.DISCARDED, TEST_MODE)


def _effective(events: Iterable[Event], outcomes: Mapping[str, Outcome]) -> list[Event]:
    """The operations that changed something, each once."""
    unique = {event.id: event for event in events if outcomes[event.id] is Outcome.WRITTEN}
    return list(unique.values())


def _reached(deliveries: Iterable[Delivery], queue: str) -> datetime | None:
    """Tell when the latest of a queue's deliveries was published."""
    marks = [mark for d in deliveries if d.queue == queue and (mark := _published_at(d))]
    return max(marks, default=None)


def _published_at(delivery: Delivery) -> datetime | None:
    try:
        published = datetime.fromisoformat(str(delivery.headers.get(PUBLISHED_AT)))
    except ValueError:
        return None
    return published if published.tzinfo else None
