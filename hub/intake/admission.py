"""The one transaction of intake: journal, record log, findings and notices, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.evidence import journal, manifests, notices, record_log
from hub.evidence.journal import Admission, Arrival
from hub.evidence.notices import Correction
from hub.evidence.record_log import Entry, State
from hub.evidence.sealing import Keyring
from hub.intake.arrival import Arrived
from hub.intake.reading import Held, findings_of, manifests_of, notices_of, reused
from hub.intake.readmission import readmit
from hub.store.database import Transaction
from schemas.envelope import Event


class Admitted(NamedTuple):
    """A message after admission: its place in the journal, its records, and what to publish."""

    arrived: Arrived
    admission: Admission
    records: tuple[Held, ...]
    publish: tuple[Event, ...]

    @property
    def first_time(self) -> bool:
        """Whether the message had not come before."""
        return self.admission.arrival is not Arrival.AGAIN

    @property
    def broken(self) -> str | None:
        """Why the message must go to the dead queue, if it must."""
        return next((held.broken for held in self.records if held.broken), None)


def admit(
    tx: Transaction,
    messages: Sequence[tuple[Arrived, tuple[Held, ...]]],
    now: datetime,
    keyring: Keyring,
) -> list[Admitted]:
    """Keep messages and what became of their records; say which events are still to publish.

    Messages that came before are published again for as long as their records have no final
    outcome: that a row exists proves nothing about what the broker got.
    """
    sealed = [arrived.sealed(len(records)) for arrived, records in messages]
    admissions = journal.admit(tx, sealed, now, keyring)
    admitted = [
        _admitted(arrived, records, admission)
        for (arrived, records), admission in zip(messages, admissions, strict=True)
    ]
    new = [message for message in admitted if message.first_time]
    record_log.admit(tx, _entries(new), now)
    notices.keep(tx, [n for m in new for n in notices_of(m.arrived, m.records)], now)
    notices.keep_findings(tx, [f for m in new for f in findings_of(m.records)], now)
    manifests.keep(tx, [k for m in new for k in manifests_of(m.arrived, m.records)], now)
    notices.link(tx, map(_correction, filter(_corrects, new)), now)
    again = [m for m in admitted if not m.first_time]
    if again:
        readmit(tx, [(m.admission.journal_id, m.arrived, m.records) for m in again], now)
    return _without_settled(tx, admitted)


def _admitted(arrived: Arrived, records: tuple[Held, ...], admission: Admission) -> Admitted:
    if admission.arrival is Arrival.REUSED_ID:
        records = reused(arrived)
    events = tuple(held.event for held in records if held.event)
    return Admitted(arrived, admission, records, events)


def _corrects(message: Admitted) -> bool:
    """Whether a message comes in place of a refused one and has something that is accepted."""
    return bool(message.arrived.corrects and message.publish)


def _correction(message: Admitted) -> Correction:
    raw = message.arrived.raw
    return Correction(raw.ministry, message.arrived.corrects or "", raw.message_id)


def _without_settled(tx: Transaction, admitted: list[Admitted]) -> list[Admitted]:
    """Drop events of re-arrived messages that have a final outcome, or were never admitted."""
    ids = [event.id for m in admitted if not m.first_time for event in m.publish]
    if not ids:
        return admitted
    states = record_log.states(tx, ids)
    return [message if message.first_time else _still_open(message, states) for message in admitted]


def _still_open(message: Admitted, states: Mapping[str, State]) -> Admitted:
    unsettled = (e for e in message.publish if not states.get(e.id, State.DISCARDED).final)
    return message._replace(publish=tuple(unsettled))


def _entries(messages: Iterable[Admitted]) -> list[Entry]:
    return [
        held.entry(m.admission.journal_id, m.arrived.raw.ministry, m.arrived.lane)
        for m in messages
        for held in m.records
    ]
