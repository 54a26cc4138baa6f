"""A message that counted as one parked record, because it could not be read, read at last.

That record is replaced by those the message turns out to hold, and the journal expects them
from then on: nothing is counted twice and nothing drops out of the account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.evidence import journal, manifests, notices, record_log
from hub.evidence.record_log import Settlement, State
from hub.intake.arrival import Arrived
from hub.intake.reading import WHOLE, Held, findings_of, manifests_of, notices_of
from hub.store.database import Transaction

Reread = tuple[int, Arrived, Sequence[Held]]


def readmit(tx: Transaction, messages: Sequence[Reread], now: datetime) -> None:
    """Admit what messages hold that came again, ``(journal id, message, records)``, where until
    now they were one record without an end."""
    wholes = record_log.unread(tx, [journal_id for journal_id, _, _ in messages], WHOLE)
    for journal_id, arrived, records in messages:
        whole = wholes.pop(journal_id, None)
        if whole is not None:
            _readmit(tx, (journal_id, arrived, records), whole, now)


def _readmit(tx: Transaction, message: Reread, whole: str, now: datetime) -> None:
    journal_id, arrived, records = message
    still = _still_whole(records, whole)
    if still is None:
        raw = arrived.raw
        entries = [held.entry(journal_id, raw.ministry, arrived.lane) for held in records]
        record_log.admit(tx, entries, now)
        journal.expect(tx, journal_id, len(entries))
        settlement = Settlement(whole, State.REPLACED, "read-again")
    elif still.refusal:
        settlement = Settlement(whole, State.REFUSED, still.refusal.rule, still.refusal.field)
    else:
        settlement = Settlement(whole, State.PARKED, still.broken)
    record_log.settle(tx, [settlement], now)
    notices.keep(tx, notices_of(arrived, records), now)
    notices.keep_findings(tx, findings_of(records), now)
    manifests.keep(tx, manifests_of(arrived, records), now)


def _still_whole(records: Sequence[Held], whole: str) -> Held | None:
    by_id: Mapping[str, Held] = {held.record_id: held for held in records}
    return by_id.get(whole)
