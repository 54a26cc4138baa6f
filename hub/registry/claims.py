"""What facts say about golden records, and which aliases they link, kept in step with the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.registry.facts import FactKey
from hub.registry.fold import Fact, Standing
from hub.registry.golden import Statement
from hub.registry.links import Links, pairs_of
from hub.store.database import Row, Transaction, as_json
from schemas.envelope import Operation
from schemas.record import CanonicalRecord


@dataclass(frozen=True, slots=True)
class Told:
    """A fact and its content as a record; ``is_new`` if it cannot have claimed anything before."""

    key: FactKey
    fact: Fact
    record: CanonicalRecord | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a change concerns: ``members`` by claims and as aliases, ``groups`` as linked FİNs.

    ``family`` are those of the members whose kinship or name an act has changed.
    """

    members: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    family: set[str] = field(default_factory=set)


_WITHDRAW = """
DELETE FROM registry.claim c
USING jsonb_to_recordset(%s::jsonb)
    AS r (record_type text, ministry text, fact_subject text, fact_key text)
WHERE (c.fact_subject, c.record_type, c.ministry, c.fact_key)
    = (r.fact_subject, r.record_type, r.ministry, r.fact_key)
RETURNING c.subject, c.record_type, c.ministry, c.fact_subject, c.fact_key
"""

_CLAIM = """
INSERT INTO registry.claim (record_type, ministry, fact_subject, fact_key, entity, subject,
    active, record_id, operation, version, fields)
SELECT record_type, ministry, fact_subject, fact_key, entity, subject,
    active, record_id, operation, version, fields
FROM jsonb_to_recordset(%s::jsonb) AS r (record_type text, ministry text, fact_subject text,
    fact_key text, entity text, subject text, active boolean, record_id uuid, operation text,
    version bigint, fields jsonb)
"""

_UNLINK = """
DELETE FROM registry.link l
USING jsonb_to_recordset(%s::jsonb)
    AS r (record_type text, ministry text, fact_subject text, fact_key text)
WHERE (l.fact_subject, l.record_type, l.ministry, l.fact_key)
    = (r.fact_subject, r.record_type, r.ministry, r.fact_key)
RETURNING l.alias, l.identifier, l.record_type, l.ministry, l.fact_subject, l.fact_key
"""

_LINK = """
INSERT INTO registry.link (record_type, ministry, fact_subject, fact_key, alias, identifier)
SELECT record_type, ministry, fact_subject, fact_key, alias, identifier
FROM jsonb_to_recordset(%s::jsonb) AS r (record_type text, ministry text, fact_subject text,
    fact_key text, alias text, identifier text)
"""

_FORMER = """
INSERT INTO registry.former (subject, record_type, ministry, fact_subject, fact_key)
SELECT subject, record_type, ministry, fact_subject, fact_key
FROM jsonb_to_recordset(%s::jsonb) AS r (subject text, record_type text, ministry text,
    fact_subject text, fact_key text)
ON CONFLICT DO NOTHING
"""

_LINKS = """
SELECT DISTINCT l.alias, l.identifier FROM registry.link l
WHERE l.alias IN (
    SELECT value FROM jsonb_array_elements_text(%(subjects)s::jsonb)
    UNION
    SELECT k.alias FROM jsonb_array_elements_text(%(subjects)s::jsonb) AS s
    JOIN registry.link k ON k.identifier = s.value)
"""

_STATEMENTS = """
SELECT entity, subject, ministry, record_type, record_id, operation, version, fields
FROM registry.claim
WHERE active AND subject IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""


def replace(tx: Transaction, told: Sequence[Told]) -> Touched:
    """Replace what these facts claimed and linked before by what they say now.

    Whoever was claimed before is touched as much as who is claimed now.
    """
    touched = Touched()
    old = [_fact_columns(fact.key) for fact in told if not fact.is_new]
    withdrawn = tx.rows(_WITHDRAW, [as_json(old)]) if old else []
    unlinked = tx.rows(_UNLINK, [as_json(old)]) if old else []
    touched.members.update(row["subject"] for row in withdrawn)
    _touch_links(touched, unlinked)
    claims = [row for fact in told for row in _claims(fact)]
    if claims:
        tx.execute(_CLAIM, [as_json(claims)])
        touched.members.update(row["subject"] for row in claims)
    links = [row for fact in told for row in _links(fact)]
    if links:
        tx.execute(_LINK, [as_json(links)])
        _touch_links(touched, links)
    _remember(tx, _spoken_of(withdrawn, unlinked) - _spoken_of(claims, links))
    return touched


def _spoken_of(claims: Iterable[Row], links: Iterable[Row]) -> set[tuple[str, FactKey]]:
    """Pair each subject with the facts that speak of it or link something to it."""
    return {(row["subject"], _fact_of(row)) for row in claims} | {
        (row["identifier"], _fact_of(row)) for row in links
    }


def _remember(tx: Transaction, former: set[tuple[str, FactKey]]) -> None:
    """Keep which facts speak of a subject no more, so that what they once said can be found."""
    rows = [{"subject": subject} | _fact_columns(key) for subject, key in sorted(former)]
    if rows:
        tx.execute(_FORMER, [as_json(rows)])


def _fact_of(row: Row) -> FactKey:
    return FactKey(row["record_type"], row["ministry"], row["fact_subject"], row["fact_key"])


def links_near(tx: Transaction, subjects: Iterable[str]) -> Links:
    """Read all active links of these subjects, and of every alias that is linked to one."""
    rows = tx.rows(_LINKS, {"subjects": as_json(sorted(subjects))})
    return Links.of((row["alias"], row["identifier"]) for row in rows)


def statements(tx: Transaction, subjects: Iterable[str]) -> list[Statement]:
    """Read what active facts say about these subjects."""
    return [_statement(row) for row in tx.rows(_STATEMENTS, [as_json(sorted(subjects))])]


def _statement(row: Row) -> Statement:
    named = {"record_id": row["record_id"].hex, "operation": Operation(row["operation"])}
    return Statement(**(row | named))


def _touch_links(touched: Touched, rows: Iterable[Row]) -> None:
    for row in rows:
        touched.members.add(row["alias"])
        touched.groups.add(row["identifier"])


def _claims(told: Told) -> list[dict[str, Any]]:
    """Render a fact's claims, one per golden record; a subject named twice says both at once."""
    won = told.fact.content
    if won is None or told.record is None:
        return []
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for claim in told.record.claims():
        said.setdefault((claim.entity, claim.subject), {}).update(claim.fields)
    return [
        _fact_columns(told.key)
        | {
            "entity": entity,
            "subject": subject,
            "active": told.fact.status is Standing.ACTIVE,
            "record_id": won.record_id,
            "operation": won.operation,
            "version": won.version,
            "fields": fields,
        }
        for (entity, subject), fields in said.items()
    ]


def _links(told: Told) -> list[dict[str, Any]]:
    if told.record is None or told.fact.status is not Standing.ACTIVE:
        return []
    return [
        _fact_columns(told.key) | {"alias": alias, "identifier": identifier}
        for alias, identifier in pairs_of(told.record)
    ]


def _fact_columns(key: FactKey) -> dict[str, str]:
    return {
        "record_type": key.record_type,
        "ministry": key.ministry,
        "fact_subject": key.subject,
        "fact_key": key.fact_key,
    }
