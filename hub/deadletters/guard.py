"""Whether a letter may be sent again. Pure: the caller holds the letter's lock."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from hub.deadletters.letter import State
from hub.evidence.record_log import State as Record
from hub.registry.fold import Outcome


class Verdict(StrEnum):
    """What a replay does with a letter: it is sent, or passed over for a reason."""

    SEND = "send"
    UNDER_WAY = "under-way"
    AWAITS_APPROVAL = "awaits-approval"
    CLOSED = "closed"
    ALREADY_SETTLED = "already-settled"
    NEWER_DATA = "newer-data"


_BY_STATE = {
    State.SENDING: Verdict.UNDER_WAY,
    State.SENT: Verdict.UNDER_WAY,
    State.PROPOSED: Verdict.AWAITS_APPROVAL,
    State.SETTLED: Verdict.CLOSED,
    State.REPLACED: Verdict.CLOSED,
    State.DISCARDED: Verdict.CLOSED,
}


def verdict(
    state: State,
    records: Collection[Record],
    outcomes: Collection[Outcome],
    *,
    even_if_newer: bool,
) -> Verdict:
    """Judge a letter by its state, the states of its records, and what sending it would do.

    ``outcomes`` is what the registry would make of each record; empty where that is not known.
    A letter is held back as ``NEWER_DATA`` only if every one of its records would be superseded.
    """
    if not state.ready:
        return _BY_STATE[state]
    if state is State.PARKED and records and all(record.final for record in records):
        return Verdict.ALREADY_SETTLED
    newer = bool(outcomes) and all(outcome is Outcome.SUPERSEDED for outcome in outcomes)
    return Verdict.NEWER_DATA if newer and not even_if_newer else Verdict.SEND
