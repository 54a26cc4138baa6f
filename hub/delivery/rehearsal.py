"""Rehearsing a grant: what would have left and what not, had it been in force. Nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.delivery import grants
from hub.delivery.gate import Allow, Candidate, Decision, Hold, decide
from hub.delivery.grant import Grant, Standing
from hub.delivery.subscriber import Subscriber
from hub.store.database import Transaction
from schemas.envelope import Event
from schemas.grant_document import GrantDocument

_PAGE = 1000
Facts = Callable[
    [Transaction, str, Sequence[str], int, datetime | None],
    Sequence[tuple[Sequence[str], Event | None]],
]
"""The registry: ``page(tx, record type, after, limit, since)``."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Facts by record type and what would have become of them; fields that would have left."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)


def rehearse(
    tx: Transaction,
    document: GrantDocument,
    subscriber: Subscriber,
    facts: Facts,
    since: datetime,
    now: datetime,
) -> Rehearsal:
    """Let the facts that changed since then pass the gate as it would be ``now`` (both aware).

    The subscriber's other grants count as they stand. A daily volume is used up by the whole.
    """
    ids = [name for name in grants.ids_of(tx, subscriber.name) if name != document.grant]
    proposed = Grant(document.grant, 0, Standing.IN_FORCE, document)
    basis = (*grants.standing(tx, ids), proposed)
    found, used = Rehearsal(), Counter[str]()
    wanted = replace(subscriber, records=tuple(document.records))
    for event in _events(tx, wanted.records, facts, since):
        decision = decide(Candidate.of(event), wanted, basis, now=now, used=used)
        found.outcomes[event.record_type, _told(decision)] += 1
        if isinstance(decision, Allow):
            used[decision.grant_id] += 1
            found.fields.update((event.record_type, name) for name in decision.fields)
    return found


def _told(decision: Decision) -> str:
    match decision:
        case Allow():
            return f"would leave under {decision.grant_id}"
        case Hold():
            return f"would be held: {decision.reason}"
        case _:
            return f"would be withheld: {decision.reason}"


def _events(
    tx: Transaction, records: Sequence[str], facts: Facts, since: datetime
) -> Iterator[Event]:
    for record_type in records:
        after: Sequence[str] = ()
        while found := facts(tx, record_type, after, _PAGE, since):
            yield from (event for _, event in found if event is not None)
            after = found[-1][0]
