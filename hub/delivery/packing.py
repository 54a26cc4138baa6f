"""From decisions to parcels and log entries: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from hub.delivery.custody import Due
from hub.delivery.disclosures import Disclosure, Verdict
from hub.delivery.gate import Allow, Hold, Withhold
from hub.delivery.grant import Grant
from hub.delivery.minimising import minimised, persons_named
from hub.delivery.parcels import Packed
from hub.delivery.sender import Parcel
from hub.delivery.subscriber import Subscriber
from schemas.envelope import CONTENT_TYPE

MOST_BYTES = 1024 * 1024
"""A parcel ends with the record that reaches this."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A record that may leave, reduced to what may leave of it."""

    record: Due
    decision: Allow
    reduced: Mapping[str, Any]
    persons: Sequence[str]


def allow(record: Due, decision: Allow, namespaces: frozenset[str]) -> Allowed:
    """Reduce a record to what its decision allows."""
    reduced = minimised(record.event, decision.fields, decision.grant_id)
    return Allowed(record, decision, reduced, persons_named(reduced, namespaces))


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


def logged(allowed: Allowed, subscriber: Subscriber) -> Disclosure:
    """Write an allowed record's line of the disclosure log."""
    event = allowed.record.event
    return Disclosure(
        subscriber=subscriber.name,
        record_id=event.id,
        verdict=Verdict.ALLOWED,
        record_type=event.record_type,
        ministry=event.ministry,
        channel=subscriber.channel,
        grant_id=allowed.decision.grant_id,
        grant_version=allowed.decision.grant_version,
        grant_entry=allowed.decision.grant_entry,
        persons=allowed.persons,
        fields=sorted(allowed.decision.fields),
    )


def refused(record: Due, decision: Withhold | Hold, subscriber: Subscriber) -> Disclosure:
    """Write the line of a record that was withheld or held."""
    event = record.event
    missing = decision.missing if isinstance(decision, Withhold) else None
    return Disclosure(
        subscriber=subscriber.name,
        record_id=event.id,
        verdict=Verdict.HELD if missing is None else Verdict.WITHHELD,
        record_type=event.record_type,
        ministry=event.ministry,
        channel=subscriber.channel,
        grant_id=decision.grant_id,
        grant_version=decision.grant_version,
        grant_entry=decision.grant_entry,
        reason=decision.reason,
        missing=missing,
    )


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
