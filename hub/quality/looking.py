"""What standing rules find now, as queries over registry and record log.

Each is the whole of what its rules find, in the columns that ``findings.compare`` wants. None
reads a whole table: partial indexes know the rows that disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from hub.registry.tables import facts_table, history_table
from hub.store.statements import Part, compose, literal, united

GOLDEN_RULES = ("contradiction", "two-fins")
VERIFY_RULES = ("verify-missing", "verify-different")
MANIFEST_RULES = ("manifest-missing", "manifest-extra")
GAP_RULES = ("sequence-gap",)
EXPECTATION_RULES = ("name-change-expected",)
SNAPSHOT_RULES = ("snapshot-extra",)

_GOLDEN: LiteralString = """
SELECT 'contradiction' AS rule, split_part(source, '/', 1) AS ministry,
    split_part(source, '/', 2) AS record_type, g.subject, f ->> 'field' AS place, 1 AS amount
FROM registry.golden g CROSS JOIN LATERAL jsonb_array_elements(g.findings) f
    CROSS JOIN LATERAL unnest(string_to_array(f ->> 'sources', ', ')) source
WHERE g.findings <> '[]'::jsonb AND f ->> 'rule' = 'contradiction'
UNION ALL
SELECT 'two-fins', l.ministry, l.record_type, l.alias, '', 1
FROM registry.golden g CROSS JOIN LATERAL jsonb_array_elements(g.findings) f
    JOIN registry.link l ON l.alias = f ->> 'subject'
WHERE g.findings <> '[]'::jsonb AND f ->> 'rule' = 'two-fins'
"""

# A check that is older than the annulment of its fact says nothing about it any more.
_VERIFY: LiteralString = """
SELECT CASE WHEN record_id IS NULL OR standing = 'annulled' THEN 'verify-missing'
            ELSE 'verify-different' END AS rule,
    ministry, {name} AS record_type, subject, fact_key AS place, 1 AS amount
FROM {facts}
WHERE (verify_differs OR (standing = 'annulled' AND verify_record_id IS NOT NULL))
  AND (standing IS DISTINCT FROM 'annulled' OR verify_version > standing_version)
"""

_GAPS: LiteralString = """
SELECT 'sequence-gap' AS rule, ministry, record_type, '' AS subject,
    (version + 1) || CASE WHEN next > version + 2 THEN '-' || (next - 1) ELSE '' END AS place,
    next - version - 1 AS amount
FROM (
    SELECT ministry, record_type, version, lead(version) OVER following AS next,
        lead(received_at) OVER following AS next_received_at
    FROM (
        SELECT ministry, record_type, version, min(received_at) AS received_at
        FROM evidence.record_log
        JOIN jsonb_to_recordset(%(numbered)s::jsonb) AS n (ministry text, record_type text)
            USING (ministry, record_type)
        WHERE numbered GROUP BY ministry, record_type, version) AS number
    WINDOW following AS (PARTITION BY ministry, record_type ORDER BY version)) AS pair
WHERE next > version + 1 AND next_received_at < %(before)s
ORDER BY ministry, record_type, version LIMIT %(most)s
"""

# It is for the source of the child's name to change it; where there is none, for that of the act.
_EXPECTED: LiteralString = """
SELECT 'name-change-expected' AS rule,
    coalesce(g.sources -> e.field ->> 'ministry', n.ministry) AS ministry,
    coalesce(g.sources -> e.field ->> 'recordType', 'civil_status_act') AS record_type,
    e.child AS subject, e.field AS place, 1 AS amount
FROM registry.expectation e
    JOIN LATERAL (SELECT ministry FROM registry.renaming WHERE act = e.acts ->> 0 LIMIT 1) n ON true
    LEFT JOIN registry.golden g ON g.subject = e.child AND g.entity = 'person'
WHERE NOT e.met
"""


_MANIFESTS: LiteralString = """
SELECT 'manifest-missing' AS rule, ministry, '' AS record_type, '' AS subject,
    day::text AS place, missing AS amount
FROM evidence.manifest WHERE agrees IS NOT TRUE AND missing > 0
UNION ALL
SELECT 'manifest-missing', ministry, key, '', day::text, value::bigint
FROM evidence.manifest CROSS JOIN LATERAL jsonb_each_text(absent) WHERE agrees IS NOT TRUE
UNION ALL
SELECT 'manifest-extra', ministry, '', '', day::text, extra
FROM evidence.manifest WHERE agrees IS NOT TRUE AND extra > 0
"""


def manifests() -> Part:
    """Find days whose manifest does not agree with what came, as last looked at."""
    return compose(_MANIFESTS)


# What changed since, or may be changing while it is looked at, is not held against the picture.
_BEYOND: LiteralString = """
SELECT 'snapshot-extra' AS rule, f.ministry, {name} AS record_type, f.subject,
    f.fact_key AS place, 1 AS amount
FROM {facts} f
WHERE f.ministry = %(ministry)s AND f.standing = 'active' AND f.occurred_at < %(end)s
  AND f.changed_at < %(before)s
  AND NOT EXISTS (SELECT FROM ({shown}) AS s WHERE s.message_id = f.message_id)
  AND NOT EXISTS (
    SELECT FROM {history} h JOIN ({shown}) AS s USING (message_id)
    WHERE (h.subject, h.ministry, h.fact_key) = (f.subject, f.ministry, f.fact_key))
"""

_STILL_BEYOND: LiteralString = """
SELECT s.rule, s.ministry, s.record_type, s.subject, s.place, s.amount
FROM evidence.standing_finding s
JOIN {facts} f ON (f.subject, f.ministry, f.fact_key) = (s.subject, s.ministry, s.place)
WHERE s.rule = 'snapshot-extra' AND s.state = 'open' AND s.record_type = {name}
  AND f.standing = 'active' AND f.changed_at < s.opened_at - %(settle)s::interval
"""


def beyond(record_type: str, shown: Part) -> Part:
    """Find active facts of which no operation came in the messages that a query shows.

    Parameters: ``ministry``, ``end`` (of the day) and ``before`` (changes must be settled).
    """
    return compose(
        _BEYOND,
        name=literal(record_type),
        facts=facts_table(record_type),
        history=history_table(record_type),
        shown=shown,
    )


def still_beyond(record_types: Iterable[str]) -> Part:
    """Find which of these findings hold: the fact stands, and nothing came of it since.

    Parameter: ``settle``.
    """
    return united(
        compose(_STILL_BEYOND, name=literal(record_type), facts=facts_table(record_type))
        for record_type in sorted(record_types)
    )


def golden() -> Part:
    """Find where golden records are drawn from what does not agree."""
    return compose(_GOLDEN)


def checks(record_types: Iterable[str]) -> Part:
    """Find where a source's latest check shows another picture than the registry."""
    return united(
        compose(_VERIFY, name=literal(record_type), facts=facts_table(record_type))
        for record_type in sorted(record_types)
    )


def gaps() -> Part:
    """Find numbers that never came between two that did.

    Parameters: ``numbered`` (ministry and record type), ``before`` (what came after it may still
    be overtaken) and ``most``.
    """
    return compose(_GAPS)


def expectations() -> Part:
    """Find what a parent's new name lets one expect of a child, and no source has said yet."""
    return compose(_EXPECTED)
