"""Whose data is blocked at their own request: nothing that tells of them leaves.

A block is looked for where it is decided whether a record may leave, in the same transaction.
Whoever blocks waits for all who have decided and not sent yet (``wait_for_senders``), so that
after its commit nothing more of the person leaves. What left before is not taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString

from hub.delivery import fence
from hub.delivery.disclosures import persons_in
from hub.evidence import blocks
from hub.store.database import Transaction, as_json
from hub.store.statements import compose
from schemas.envelope import Event

_CONTENT: LiteralString = """
SELECT r.event_id, f.data FROM {facts} f
JOIN jsonb_to_recordset(%s::jsonb)
    AS r (event_id text, ministry text, subject text, fact_key text)
    USING (ministry, subject, fact_key)
WHERE f.data IS NOT NULL
"""

_GRANTS = "SELECT DISTINCT grant_id FROM outbound.grant_version ORDER BY grant_id"


def keeping(tx: Transaction, events: Sequence[Event], persons: frozenset[str]) -> Mapping[str, int]:
    """Tell which events (ids) tell of somebody who is blocked, and on which request.

    ``persons`` are the URN prefixes of persons. An operation without content is about whom its
    fact is about.
    """
    if not blocks.any_blocked(tx):
        return {}
    contents = _contents(tx, [event for event in events if event.data is None])
    named = {
        event.id: {event.subject, *persons_in(event.data or contents.get(event.id), persons)}
        for event in events
    }
    requests = blocks.blocked(tx, {urn for urns in named.values() for urn in urns})
    return {
        event_id: min(requests[urn] for urn in urns & requests.keys())
        for event_id, urns in named.items()
        if urns & requests.keys()
    }


def wait_for_senders(tx: Transaction) -> None:
    """Wait until whatever was decided before has left or its time is over; until the commit
    nothing else is decided."""
    for row in tx.rows(_GRANTS):
        fence.alone(tx, row["grant_id"])


def _contents(tx: Transaction, events: Sequence[Event]) -> dict[str, object]:
    by_type: dict[str, list[dict[str, str]]] = {}
    for event in events:
        by_type.setdefault(event.record_type, []).append(
            {
                "event_id": event.id,
                "ministry": event.ministry,
                "subject": event.subject,
                "fact_key": event.factkey,
            }
        )
    return {
        row["event_id"]: row["data"]
        for record_type, rows in by_type.items()
        for row in tx.rows(compose(_CONTENT, facts=("registry", record_type)), [as_json(rows)])
    }
