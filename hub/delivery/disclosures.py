"""The disclosure log: written before anything leaves, and never changed (decree 2.10.2, 2.10.9).

A row says to whom, what, which fields, on which basis, and when it was decided. Deliveries,
refusals and lookups are all written here; ``persons`` finds them for the person concerned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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
class Ruling:
    """What was decided, the same for all records it was decided for.

    ``fields`` are the JSON names of what was disclosed, empty where nothing was. ``channel`` as
    ``Channel`` has it. ``grant_entry`` counts how the grant stood: only the id is made of it.
    """

    subscriber: str
    verdict: Verdict
    record_type: str
    ministry: str
    channel: str
    grant_id: str | None = None
    grant_version: int | None = None
    grant_entry: int | None = None
    reason: str | None = None
    missing: str | None = None
    fields: Sequence[str] = ()

    def id_for(self, record_id: str) -> str:
        """Derived: the same decision, taken again while the grant stands as it did, is one row."""
        text = (
            f"{self.subscriber}\x1f{record_id}\x1f{self.verdict}\x1f{self.grant_id or ''}"
            f"\x1f{self.grant_version or 0}\x1f{self.grant_entry or 0}\x1f{self.reason or ''}"
        )
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One decision as it is kept. ``record_id`` is 32 hex digits; a lookup has one per request.

    ``persons`` are the URNs of all persons that the disclosed part names, none where nothing was.
    """

    ruling: Ruling
    record_id: str
    persons: Sequence[str] = ()


_CONTAINERS = frozenset({dict, list, tuple})

_LOG = """
INSERT INTO outbound.disclosure (disclosure_id, subscriber, record_id, verdict, grant_id,
    grant_version, reason, missing, record_type, ministry, persons, fields, channel, decided_at)
SELECT r.disclosure_id, subscriber, r.record_id, verdict, grant_id, grant_version, reason,
    missing, record_type, ministry, r.persons, fields, channel, %(now)s
FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (ruling integer, disclosure_id uuid,
    record_id uuid, persons text[])) WITH ORDINALITY AS r
JOIN jsonb_to_recordset(%(rulings)s::jsonb) AS d (ruling integer, subscriber text, verdict text,
    grant_id text, grant_version integer, reason text, missing text, record_type text,
    ministry text, fields text[], channel text) USING (ruling)
ORDER BY r.ordinality
ON CONFLICT DO NOTHING
"""


def write(tx: Transaction, disclosures: Sequence[Disclosure], now: datetime) -> int:
    """Log decisions taken ``now`` (aware); return how many were not there before."""
    if not disclosures:
        return 0
    rulings = {id(each.ruling): each.ruling for each in disclosures}
    numbers = {key: number for number, key in enumerate(rulings)}
    given = {
        "rows": as_json([_row(each, numbers[id(each.ruling)]) for each in disclosures]),
        "rulings": as_json([_columns(*each) for each in enumerate(rulings.values())]),
        "now": now,
    }
    return tx.execute(_LOG, given)


def persons_in(data: object, namespaces: frozenset[str]) -> list[str]:
    """List the URNs of all identifiers in a JSON value that are of a person, sorted."""
    found: set[str] = set()
    waiting = [data]
    for value in waiting:
        if isinstance(value, dict):
            kind, notation = value.get("type"), value.get("notation")
            if isinstance(kind, str) and kind in namespaces and isinstance(notation, str):
                found.add(f"{kind}:{notation}")
            else:
                waiting += [part for part in value.values() if type(part) in _CONTAINERS]
        elif isinstance(value, list | tuple):
            waiting += value
    return sorted(found)


def _row(disclosure: Disclosure, ruling: int) -> dict[str, Any]:
    return {
        "ruling": ruling,
        "disclosure_id": disclosure.ruling.id_for(disclosure.record_id),
        "record_id": disclosure.record_id,
        "persons": disclosure.persons,
    }


def _columns(number: int, ruling: Ruling) -> dict[str, Any]:
    return {
        "ruling": number,
        "subscriber": ruling.subscriber,
        "verdict": ruling.verdict,
        "grant_id": ruling.grant_id,
        "grant_version": ruling.grant_version,
        "reason": ruling.reason,
        "missing": ruling.missing,
        "record_type": ruling.record_type,
        "ministry": ruling.ministry,
        "fields": list(ruling.fields),
        "channel": ruling.channel,
    }
