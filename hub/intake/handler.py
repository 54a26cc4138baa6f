"""What intake does with its deliveries; the loop around it is ``hub.hop``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from connectors._kit.contract import Connector, Rules
from hub.evidence import notices, record_log, rules, workers
from hub.evidence.claims import Suspects
from hub.evidence.notices import Notice, Waiting
from hub.evidence.record_log import Settlement, State
from hub.evidence.sealing import Keyring
from hub.evidence.workers import Mark
from hub.intake.admission import Admitted, admit
from hub.intake.arrival import Arrived, read
from hub.intake.publishing import canonical_messages, notice_message
from hub.intake.reading import convicted, notices_of, read_records
from hub.store.database import Database
from routing import retry
from routing.bus import Publisher, Unroutable
from routing.message import TRACEPARENT, Delivery, Message
from routing.observer import Observer
from routing.outcome import Park, Retry
from routing.parking import parked, postponed, put_aside
from schemas.errors import Stop, Unavailable

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing, Value

_log = structlog.get_logger()
HOP = "intake"
KILLED = "killed-process"


@dataclass(frozen=True, slots=True)
class IntakeHandler:
    """Journals, normalizes and publishes. ``ministries`` are those that have a notice queue."""

    worker_id: str
    database: Database
    publisher: Publisher
    connectors: Mapping[str, Connector]
    observer: Observer
    rules: Rules = field(default_factory=Rules)
    policy: retry.Policy = field(default_factory=retry.Policy)
    most_events: int = 250
    ehis_only: frozenset[str] = frozenset()
    keyring: Keyring = field(default_factory=Keyring)
    tracing: Tracing | None = None

    def handle(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Admit a batch in one transaction, then publish what it holds, confirmed."""
        arrived = [read(delivery, now, self.ehis_only) for delivery in deliveries]
        if self.tracing is None:
            self._take(deliveries, arrived, now)
            return
        senders = [(a.raw.headers.get(TRACEPARENT), _attributes(a)) for a in arrived]
        with self.tracing.messages(HOP, senders) as marks:
            traced = [
                each._replace(traceparent=mark.traceparent)
                for each, mark in zip(arrived, marks, strict=True)
            ]
            admitted = self._take(deliveries, traced, now)
            for mark, message in zip(marks, admitted, strict=True):
                mark.note(**_found(message))

    def _take(
        self, deliveries: Sequence[Delivery], arrived: Sequence[Arrived], now: datetime
    ) -> list[Admitted]:
        messages = [(a, read_records(a, self.connectors, self.rules)) for a in arrived]
        with self.database.transaction() as tx:
            admitted = admit(tx, messages, now, self.keyring)
            reached = _marks(deliveries, arrived, now).items()
            marks = [Mark(f"{self.worker_id}/{queue}", queue, mark) for queue, mark in reached]
            workers.beat(tx, HOP, now, Mark(self.worker_id), *marks)
        self._publish(admitted, now)
        broken = [
            parked(delivery, Park(message.broken, "the normalizer failed"), now)
            for delivery, message in zip(deliveries, admitted, strict=True)
            if message.broken
        ]
        if broken:
            put_aside(self.publisher, broken)
        self._measure(admitted)
        return admitted

    def handle_alone(self, delivery: Delivery, now: datetime) -> None:
        """Handle one message by itself; if it fails again it goes to the ladder, or is parked."""
        try:
            self.handle([delivery], now)
        except (Unavailable, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - the outcome is decided from its type
            self._put_aside(delivery, error, now)

    @property
    def suspects(self) -> Suspects:
        """Claims on suspects, by their bodies."""
        return Suspects(self.database, HOP)

    def convict(self, delivery: Delivery, now: datetime) -> None:
        """Park a message without reading it: whatever it holds, it counts as one record."""
        arrived = read(delivery, now, self.ehis_only)
        with self.database.transaction() as tx:
            (admitted,) = admit(tx, [(arrived, convicted(arrived, KILLED))], now, self.keyring)
            waiting = record_log.open_of(tx, admitted.admission.journal_id)
            record_log.settle(tx, [Settlement(i, State.PARKED, KILLED) for i in waiting], now)
        park = Park(KILLED, "the process died each time this message was handled alone")
        put_aside(self.publisher, [parked(delivery, park, now)])

    def idle(self, now: datetime) -> None:
        """Show that this worker lives."""
        with self.database.transaction() as tx:
            workers.beat(tx, HOP, now, Mark(self.worker_id))

    def close(self) -> None:
        """Close the database connection."""
        self.database.close()

    def _publish(self, admitted: Sequence[Admitted], now: datetime) -> None:
        events = [(m.arrived.lane, event) for m in admitted for event in m.publish]
        messages = canonical_messages(events, now, most=self.most_events)
        if messages:
            self.publisher.publish(messages)
        told = [n for m in admitted if m.first_time for n in notices_of(m.arrived, m.records)]
        self._notify(told, now)

    def _notify(self, told: Sequence[Notice], now: datetime) -> None:
        """Publish notices at once; any that cannot be published stay for the relay."""
        waiting = [
            Waiting(notice.notice_id, notice.ministry, notice.body(now))
            for notice in told
            if notice.ministry in self.connectors
        ]
        if not waiting:
            return
        try:
            self.publisher.publish([notice_message(notice, now) for notice in waiting])
        except Unroutable as missing:
            _log.warning("notice queue missing", queue=missing.routing_key)
            return
        with self.database.transaction() as tx:
            notices.published(tx, [notice.notice_id for notice in waiting], now)

    def _put_aside(self, delivery: Delivery, error: Exception, now: datetime) -> None:
        attempts = retry.attempts(delivery)
        match retry.decide(error, attempts, self.policy, delivery.message_id):
            case Retry() as again:
                due = now + timedelta(seconds=again.rung.seconds)
                message = postponed(delivery, again)
                self._move(delivery, message, State.RETRYING, again.rung.name, now, due)
                self.observer.count("retries", hop=HOP, rung=again.rung.step)
            case outcome:
                cause = outcome.cause if isinstance(outcome, Park) else type(error).__name__
                park = Park(cause, type(error).__name__)
                message = parked(delivery, park, now, attempts=attempts)
                self._move(delivery, message, State.PARKED, cause, now)
        self.observer.count("put_aside", hop=HOP)
        _log.warning("message put aside", hop=HOP, cause=type(error).__name__)

    def _move(
        self,
        delivery: Delivery,
        message: Message,
        state: State,
        cause: str,
        now: datetime,
        due: datetime | None = None,
    ) -> None:
        """Publish what takes the delivery's place, and note what became of its records, if any
        were admitted before the failure.

        Noted first, committed last: where it cannot be noted nothing is published, for whoever
        repeats this would publish it again each time.
        """
        records = read_records(read(delivery, now, self.ehis_only), self.connectors, self.rules)
        settled = [Settlement(h.record_id, state, cause, due=due) for h in records if h.event]
        with self.database.transaction() as tx:
            record_log.settle(tx, settled, now)
            put_aside(self.publisher, [message])

    def _measure(self, admitted: Sequence[Admitted]) -> None:
        messages, records = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for message in admitted:
            ministry, lane = message.arrived.raw.ministry, message.arrived.lane
            known = ministry if ministry in self.connectors else "unknown"
            messages[known, lane] += 1
            if not message.first_time:
                self.observer.count("messages_again", ministry=known)
                continue
            records[known, lane] += len(message.records)
            for held in message.records:
                if held.refusal:
                    self.observer.count("refused", ministry=known, rule=held.refusal.rule)
                for found in held.findings:
                    rule = rules.label(found.rule)
                    self.observer.count("findings_noted", ministry=known, rule=rule)
        for (known, lane), amount in messages.items():
            self.observer.count("messages_received", amount, ministry=known, lane=lane)
        for (known, lane), amount in records.items():
            self.observer.count("records_received", amount, ministry=known, lane=lane)


def _attributes(arrived: Arrived) -> dict[str, Value]:
    return {
        "ministry": arrived.raw.ministry,
        "lane": arrived.lane,
        "bytes": len(arrived.raw.body),
        "test_mode": arrived.test_mode,
    }


def _found(message: Admitted) -> dict[str, Value]:
    """What an operator needs to go on from a trace: `qovsaq trace RECORD_ID`."""
    return {
        "records": len(message.records),
        "refused": sum(held.refusal is not None for held in message.records),
        "first_time": message.first_time,
        "record_id": message.records[0].record_id,
    }


def _marks(
    deliveries: Sequence[Delivery], arrived: Sequence[Arrived], now: datetime
) -> dict[str, datetime]:
    """Tell per queue when the latest of its messages was published; a clock ahead counts as now."""
    marks: dict[str, datetime] = {}
    for delivery, message in zip(deliveries, arrived, strict=True):
        published = message.published_at or delivery.timestamp
        if published is not None:
            marks[delivery.queue] = max(marks.get(delivery.queue, published), min(published, now))
    return marks
