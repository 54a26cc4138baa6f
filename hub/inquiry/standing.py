"""Where a record stands in the registry, and why: what beat it, or what rests on its word."""

from __future__ import annotations

from typing import Any

from hub.registry import facts
from hub.registry.claims import links_near
from hub.registry.facts import FactKey
from hub.registry.fold import Fact, Op, Standing
from hub.registry.history import Past, operations
from hub.store.database import Transaction, as_json
from schemas.catalogue import record_class
from schemas.envelope import Event

_SOURCES = """
SELECT g.entity, g.subject, s.key AS field, s.value ->> 'recordId' AS record_id,
    s.value ->> 'ministry' AS ministry, s.value ->> 'recordType' AS record_type
FROM registry.golden g CROSS JOIN LATERAL jsonb_each(g.sources) AS s
WHERE g.subject IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""


def standing(tx: Transaction, event: Event) -> dict[str, Any] | None:
    """Say where a record stands; None if the registry does not hold it.

    ``why`` is a sentence; ``believed`` are the golden fields that rest on its word, ``outranked``
    those it speaks of that rest on another's, with whose.
    """
    key = FactKey.of(event)
    past = next((p for p in _operations(tx, key) if p.record_id == event.id), None)
    if past is None:
        return None
    fact = facts.load(tx, key.record_type, [key]).get(key, Fact())
    found: dict[str, Any] = {
        "table": f"registry.{key.record_type}",
        "subject": key.subject,
        "factKey": key.fact_key,
        "operation": past.operation,
        "version": past.version,
        "occurredAt": past.occurred_at.isoformat(),
        "recordedAt": past.recorded_at.isoformat(),
        "factIs": fact.status,
        "why": _why(fact, past),
    }
    return found | _golden(tx, event)


def _operations(tx: Transaction, key: FactKey) -> list[Past]:
    return operations(tx, key.record_type, [key]).get(key, [])


def _why(fact: Fact, past: Past) -> str:
    roles = {op.record_id: op for op in (fact.verified, fact.standing, fact.content) if op}
    if past.record_id not in roles:
        return _beaten(fact.content or fact.standing, past)
    if fact.content and fact.content.record_id == past.record_id:
        if fact.status is Standing.ANNULLED and fact.standing:
            return f"it is the fact's content, which record {fact.standing.record_id} annulled"
        return "it is the fact's content: no later operation sets one"
    if fact.standing and fact.standing.record_id == past.record_id:
        return f"it decides that the fact is {fact.status}"
    return "it is the source's latest check, and sets nothing"


def _beaten(newer: Op | None, past: Past) -> str:
    if newer is None:
        return "it sets nothing"
    if newer.version == past.version:
        return f"record {newer.record_id} has the same version and the later operation or id"
    return f"version {newer.version} of record {newer.record_id} is newer"


def _golden(tx: Transaction, event: Event) -> dict[str, Any]:
    if event.data is None:
        return {"believed": [], "outranked": {}}
    record = record_class(event.record_type, event.record_version).model_validate(event.data)
    said = {(claim.entity, field) for claim in record.claims() for field in claim.fields}
    subjects = {claim.subject for claim in record.claims()}
    groups = links_near(tx, subjects).groups(subjects)
    rows = tx.rows(_SOURCES, [as_json(sorted(groups))])
    believed = sorted(row["field"] for row in rows if row["record_id"] == event.id)
    outranked = {
        row["field"]: f"{row['ministry']}/{row['record_type']} {row['record_id']}"
        for row in rows
        if (row["entity"], row["field"]) in said and row["field"] not in believed
    }
    return {"believed": believed, "outranked": outranked}
