"""From decisions to parcels and log entries: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from hub.delivery.custody import Due
from hub.delivery.disclosures import Disclosure, Ruling, Verdict
from hub.delivery.gate import Allow, Decision, Hold, Withhold
from hub.delivery.grant import Grant
from hub.delivery.minimising import minimised, persons_named
from hub.delivery.parcels import Packed
from hub.delivery.sender import Parcel
from hub.delivery.subscriber import Subscriber
from schemas.envelope import CONTENT_TYPE, Event

MOST_BYTES = 1024 * 1024
"""A parcel ends with the record that reaches this."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A record that may leave, reduced to what may leave of it, and its line of the log."""

    record: Due
    decision: Allow
    reduced: Mapping[str, Any]
    line: Disclosure


@dataclass(slots=True)
class Packer:
    """Reduces and logs what the gate decided on for one subscriber; for one batch.

    ``persons`` are the URN prefixes of identifiers of persons.
    """

    subscriber: Subscriber
    persons: frozenset[str]
    _rulings: dict[tuple[int, str, str], tuple[Decision, Ruling]] = field(default_factory=dict)

    def allow(self, record: Due, decision: Allow) -> Allowed:
        """Reduce a record to what its decision allows."""
        reduced = minimised(record.event, decision.fields, decision.grant_id)
        named = persons_named(reduced, self.persons)
        line = Disclosure(self._ruling(record, decision), record.event.id, named)
        return Allowed(record, decision, reduced, line)

    def refuse(self, record: Due, decision: Withhold | Hold) -> Disclosure:
        """Write the line of a record that was withheld or held."""
        return Disclosure(self._ruling(record, decision), record.event.id)

    def _ruling(self, record: Due, decision: Decision) -> Ruling:
        """Records of one kind that got one decision share one ruling."""
        event = record.event
        key = (id(decision), event.source, event.type)
        if key not in self._rulings:
            self._rulings[key] = decision, _ruling(event, decision, self.subscriber)
        return self._rulings[key][1]


def pack(subscriber: str, allowed: Sequence[Allowed], grants: Mapping[str, Grant]) -> list[Packed]:
    """Make parcels, each under one grant, none far above ``MOST_BYTES``; the order is kept."""
    found: list[Packed] = []
    for grant_id, run in groupby(allowed, key=lambda each: each.decision.grant_id):
        grant = grants[grant_id]
        for portion in _portions(run):
            body = b"[" + b",".join(encoded for _, encoded in portion) + b"]"
            records = [each.record for each, _ in portion]
            parcel = Parcel.of(
                subscriber,
                CONTENT_TYPE,
                body,
                [record.event.id for record in records],
                grant_id=grant.grant_id,
                grant_version=grant.version,
            )
            found.append(Packed(parcel, records, grant.document.valid_until))
    return found


def _ruling(event: Event, decision: Decision, subscriber: Subscriber) -> Ruling:
    verdict, reason, missing, fields = _told(decision)
    return Ruling(
        subscriber=subscriber.name,
        verdict=verdict,
        record_type=event.record_type,
        ministry=event.ministry,
        channel=subscriber.channel,
        grant_id=decision.grant_id,
        grant_version=decision.grant_version,
        grant_entry=decision.grant_entry,
        reason=reason,
        missing=missing,
        fields=fields,
    )


def _told(decision: Decision) -> tuple[Verdict, str | None, str | None, Sequence[str]]:
    match decision:
        case Allow():
            return Verdict.ALLOWED, None, None, sorted(decision.fields)
        case Hold():
            return Verdict.HELD, decision.reason, None, ()
        case Withhold():
            return Verdict.WITHHELD, decision.reason, decision.missing, ()


def _portions(run: Iterator[Allowed]) -> Iterator[list[tuple[Allowed, bytes]]]:
    portion: list[tuple[Allowed, bytes]] = []
    size = 0
    for each in run:
        encoded = orjson.dumps(each.reduced)
        portion.append((each, encoded))
        size += len(encoded)
        if size >= MOST_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
