"""The relay: gives records that lost their holder a new one, and tends what must not wait.

It trusts no queue and no process, only the record log and the journal: an open record that
nothing can be holding is normalized again from the sealed bytes and published under its old id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from connectors._kit.contract import Connector, Rules
from hub.evidence import holders, journal, notices, record_log, workers
from hub.evidence.record_log import Lost, Settlement, State
from hub.evidence.sealing import Keyring
from hub.evidence.workers import Mark
from hub.intake.publishing import canonical_messages, notice_message
from hub.intake.remaking import events_of
from hub.intake.vanished import CAUSE, letter
from hub.store.database import Database, Row
from routing.bus import Bus, Publisher, Unroutable
from routing.observer import Observer
from routing.parking import put_aside
from schemas.envelope import Event

_log = structlog.get_logger()
_BAKU = ZoneInfo("Asia/Baku")
_PARTITIONS_AHEAD = 7
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Relay:
    """One pass of tending is ``step``; one relay per deployment suffices, more do no harm."""

    worker_id: str
    database: Database
    bus: Bus
    publisher: Publisher
    connectors: Mapping[str, Connector]
    observer: Observer
    lanes: Sequence[str]
    rules: Rules = field(default_factory=Rules)
    settle: timedelta = timedelta(seconds=60)
    limit: int = 3
    most_events: int = 250
    keyring: Keyring = field(default_factory=Keyring)

    def step(self, now: datetime) -> int:
        """Tend everything once; return how many records were given a new holder.

        Raises ``Unavailable`` where broker or database do not answer: try again later.
        """
        relayed = self._repair(now)
        self._notify(now)
        with self.database.transaction() as tx:
            first = now.astimezone(_BAKU).date()
            tx.execute("SELECT evidence.ensure_partitions(%s, %s)", [first, _PARTITIONS_AHEAD])
            workers.beat(tx, "relay", now, Mark(self.worker_id))
            workers.forget(tx, now - 10 * self.settle)
        return relayed

    def _repair(self, now: datetime) -> int:
        depths = self.bus.depths(holders.queues_of(self.connectors, self.lanes))
        with self.database.transaction() as tx:
            situation = holders.look(tx, depths, self.settle, now)
            # Also those that no connector speaks for any more.
            ministries = sorted(self.connectors.keys() | record_log.open_ministries(tx))
            lost = record_log.lost(
                tx,
                situation.horizons(ministries, self.lanes),
                limit=self.limit,
                most=_AT_ONCE,
            )
            rows = (
                journal.read(tx, [each.journal_id for each in lost], self.keyring) if lost else []
            )
        if lost:
            _log.warning("records without a holder", count=len(lost))
            self._republish(lost, rows, now)
        return len(lost)

    def _republish(self, lost: Sequence[Lost], rows: Sequence[Row], now: datetime) -> None:
        """Publish lost records again, and put those before a person that cannot be made again.

        One whose sealed bytes are gone can be neither: it is counted as relayed, and in the end
        as unaccounted, which is the truth.
        """
        wanted = {each.record_id for each in lost}
        events = [
            (lane, event) for row in rows for lane, event in self._events(row) if event.id in wanted
        ]
        found = {event.id for _, event in events}
        sealed = {row["journal_id"]: row for row in rows}
        gone = {each.record_id for each in lost if each.journal_id not in sealed}
        vanished = [each for each in lost if each.record_id not in found | gone]
        with self.database.transaction() as tx:
            record_log.relayed(tx, found | gone, now)
        self.publisher.publish(canonical_messages(events, now, most=self.most_events))
        self._give_up(vanished, sealed, now)
        self.observer.count("relayed", len(found))

    def _give_up(self, vanished: Sequence[Lost], sealed: Mapping[int, Row], now: datetime) -> None:
        """Take to the desk what cannot be made again, confirmed, and only then call it parked."""
        if not vanished:
            return
        messages = dict.fromkeys(each.journal_id for each in vanished)
        put_aside(self.publisher, [letter(sealed[m], self.connectors, now) for m in messages])
        parked = [Settlement(each.record_id, State.PARKED, CAUSE) for each in vanished]
        with self.database.transaction() as tx:
            record_log.settle(tx, parked, now)
        _log.error("records cannot be made again", count=len(vanished), cause=CAUSE)

    def _events(self, row: Row) -> list[tuple[str, Event]]:
        events = events_of(row, self.connectors, self.rules)
        return [(row["lane"], event) for event in events]

    def _notify(self, now: datetime) -> None:
        with self.database.transaction() as tx:
            waiting = notices.waiting(tx, now - self.settle, _AT_ONCE)
        confirmed = []
        for notice in waiting:
            try:
                self.publisher.publish([notice_message(notice, now)])
            except Unroutable:
                continue
            confirmed.append(notice.notice_id)
        if confirmed:
            with self.database.transaction() as tx:
                notices.published(tx, confirmed, now)
