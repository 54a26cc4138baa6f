"""The writer: a batch of events becomes facts, history, claims and golden records at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from hub.registry import claims, facts, family
from hub.registry.authority import Authority, assumed
from hub.registry.claims import Told
from hub.registry.facts import Change, FactKey
from hub.registry.fold import Fact, Op, Outcome, add, outcome
from hub.registry.locks import Tier, lock, prepare
from hub.registry.subjects import draw_again
from hub.store.database import Transaction
from schemas.catalogue import record_class
from schemas.envelope import Event
from schemas.errors import Parked, Refused
from schemas.record import CanonicalRecord

_Records = Mapping[str, CanonicalRecord | None]


def write(
    tx: Transaction, events: Sequence[Event], now: datetime, authority: Authority | None = None
) -> dict[str, Outcome]:
    """Write a batch and say what became of each record, by record id.

    Any order, grouping or repetition of the same events ends in the same registry. ``now``
    (aware) becomes the recorded time. What became of a record depends on the order of arrival,
    not on how arrivals were grouped. Raises ``Parked`` (``unknown-record``, ``canonical-content``,
    ``fact-mismatch``) for an event that cannot be a record; then nothing of the batch counts.
    """
    unique = {event.id: event for event in reversed(events)}
    ordered = [unique.pop(event.id) for event in events if event.id in unique]
    records = {event.id: _read(event) for event in ordered}
    prepare(tx)
    lock(tx, Tier.FACT, ("\x1f".join(FactKey.of(event)) for event in ordered))
    outcomes: dict[str, Outcome] = {}
    told: list[Told] = []
    for record_type, of_type in _by_type(ordered).items():
        changes = _fold(tx, record_type, of_type, outcomes)
        facts.save(tx, record_type, changes, now)
        told += [_tell(change, records) for change in changes if change.counts_differently]
    touched = claims.replace(tx, told)
    family.replace(tx, told, touched)
    draw_again(tx, touched, authority or assumed(), now)
    return outcomes


def _by_type(events: Iterable[Event]) -> dict[str, list[Event]]:
    by_type: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_type[event.record_type].append(event)
    return by_type


def _fold(
    tx: Transaction, record_type: str, events: Sequence[Event], outcomes: dict[str, Outcome]
) -> list[Change]:
    by_fact: dict[FactKey, list[Event]] = defaultdict(list)
    for event in events:
        by_fact[FactKey.of(event)].append(event)
    existing = facts.load(tx, record_type, by_fact)
    again = [event.id for key in existing for event in by_fact[key]]
    known = facts.known(tx, record_type, again) if again else set()
    return [
        _change(key, existing.get(key, Fact()), of_fact, known, outcomes)
        for key, of_fact in by_fact.items()
    ]


def _change(
    key: FactKey,
    before: Fact,
    events: Iterable[Event],
    known: set[str],
    outcomes: dict[str, Outcome],
) -> Change:
    held = before.content.record_id if before.content else None
    after, unseen = before, []
    for event in events:
        op, earlier = _op(event), after
        if event.id not in known and event.id != held:
            after = add(earlier, op)
            unseen.append(event)
        outcomes[event.id] = outcome(earlier, after, op)
    return Change(key, before, after, unseen)


def _op(event: Event) -> Op:
    return Op(event.id, event.operation, event.version, event.record_version, event.data)


def _tell(change: Change, records: _Records) -> Told:
    """Pair a fact with its content as a record, parsed again where an older one stands."""
    won, record = change.after.content, None
    if won is not None:
        record = records.get(won.record_id) or _parse(
            change.key.record_type, won.record_version, won.content
        )
    return Told(change.key, change.after, record, is_new=change.is_new)


def _read(event: Event) -> CanonicalRecord | None:
    if event.data is None:
        _class(event.record_type, event.record_version)
        return None
    record = _parse(event.record_type, event.record_version, event.data)
    if (record.subject, record.fact_key) != (event.subject, event.factkey):
        raise Parked("fact-mismatch", "the record is about another fact than its envelope says")
    return record


def _parse(record_type: str, version: int, data: Mapping[str, object] | None) -> CanonicalRecord:
    try:
        return _class(record_type, version).model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Parked("canonical-content", f"{record_type}.{field}: {first['type']}") from None


def _class(record_type: str, version: int) -> type[CanonicalRecord]:
    try:
        return record_class(record_type, version)
    except Refused as error:
        raise Parked(error.rule, error.explanation) from None
