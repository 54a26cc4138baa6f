"""The disclosure log: written before anything leaves, and never changed (decree 2.10.2, 2.10.9).

A row says to whom, what, which fields, on which basis, and when it was decided. Deliveries,
refusals and lookups are all written here; ``persons`` finds them for the person concerned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.store.database import Transaction, as_json


class Verdict(StrEnum):
    """What was decided; ``recalled`` takes back what waited unread in a subscriber's queue."""

    ALLOWED = "allowed"
    WITHHELD = "withheld"
    HELD = "held"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One decision as it is kept. ``record_id`` is 32 hex digits; a lookup has one per request.

    ``persons`` are the URNs of all persons that the disclosed part names, ``fields`` the JSON
    names of what was disclosed; both empty where nothing was. ``channel`` as ``Channel`` has it.
    ``grant_entry`` counts how the grant stood: only the id is made of it.
    """

    subscriber: str
    record_id: str
    verdict: Verdict
    record_type: str
    ministry: str
    channel: str
    grant_id: str | None = None
    grant_version: int | None = None
    grant_entry: int | None = None
    reason: str | None = None
    missing: str | None = None
    persons: Sequence[str] = ()
    fields: Sequence[str] = ()

    @property
    def disclosure_id(self) -> str:
        """Derived: the same decision, taken again while the grant stands as it did, is one row."""
        parts = (
            self.subscriber,
            self.record_id,
            self.verdict,
            self.grant_id or "",
            str(self.grant_version or 0),
            str(self.grant_entry or 0),
            self.reason or "",
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


_LOG = """
INSERT INTO outbound.disclosure (disclosure_id, subscriber, record_id, verdict, grant_id,
    grant_version, reason, missing, record_type, ministry, persons, fields, channel, decided_at)
SELECT disclosure_id, subscriber, record_id, verdict, grant_id, grant_version, reason, missing,
    record_type, ministry, persons, fields, channel, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (disclosure_id uuid, subscriber text,
    record_id uuid, verdict text, grant_id text, grant_version integer, reason text,
    missing text, record_type text, ministry text, persons text[], fields text[], channel text)
ON CONFLICT (disclosure_id) DO NOTHING
"""


def write(tx: Transaction, disclosures: Iterable[Disclosure], now: datetime) -> int:
    """Log decisions taken ``now`` (aware); return how many were not there before."""
    rows = [_row(disclosure) for disclosure in disclosures]
    return tx.execute(_LOG, {"rows": as_json(rows), "now": now}) if rows else 0


def persons_in(data: object, namespaces: frozenset[str]) -> list[str]:
    """List the URNs of all identifiers in a JSON value that are of a person, sorted."""
    return sorted(set(_persons_in(data, namespaces)))


def _persons_in(value: object, namespaces: frozenset[str]) -> Iterator[str]:
    match value:
        case {"notation": str(notation), "type": str(kind)} if kind in namespaces:
            yield f"{kind}:{notation}"
        case Mapping():
            for part in value.values():
                yield from _persons_in(part, namespaces)
        case list() | tuple():
            for part in value:
                yield from _persons_in(part, namespaces)


def _row(disclosure: Disclosure) -> dict[str, Any]:
    return {
        "disclosure_id": disclosure.disclosure_id,
        "subscriber": disclosure.subscriber,
        "record_id": disclosure.record_id,
        "verdict": disclosure.verdict,
        "grant_id": disclosure.grant_id,
        "grant_version": disclosure.grant_version,
        "reason": disclosure.reason,
        "missing": disclosure.missing,
        "record_type": disclosure.record_type,
        "ministry": disclosure.ministry,
        "persons": list(disclosure.persons),
        "fields": list(disclosure.fields),
        "channel": disclosure.channel,
    }
