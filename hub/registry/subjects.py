"""Golden records in their table: drawn again whenever anything they depend on has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hub.registry import expectations, family
from hub.registry.authority import Authority
from hub.registry.claims import Touched, links_near, statements
from hub.registry.golden import Golden, draw
from hub.registry.locks import Tier, lock, prepare
from hub.store.database import Transaction, as_json

_PUT = """
INSERT INTO registry.golden AS golden
    (entity, subject, fields, sources, findings, authority, updated_at)
SELECT entity, subject, fields, sources, findings, %(authority)s, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (entity text, subject text, fields jsonb, sources jsonb, findings jsonb)
ON CONFLICT (subject, entity) DO UPDATE
SET fields = excluded.fields, sources = excluded.sources, findings = excluded.findings,
    authority = excluded.authority, updated_at = excluded.updated_at
WHERE (golden.fields, golden.sources, golden.findings, golden.authority)
    IS DISTINCT FROM (excluded.fields, excluded.sources, excluded.findings, excluded.authority)
"""

_DROP = """
DELETE FROM registry.golden AS golden
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%(groups)s::jsonb))
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (entity text, subject text)
    WHERE (r.subject, r.entity) = (golden.subject, golden.entity))
"""

# Two ranges instead of <>, which no index serves.
_OUTDATED = """
SELECT DISTINCT subject FROM registry.golden
WHERE authority < %(version)s OR authority > %(version)s LIMIT %(limit)s
"""


def draw_again(tx: Transaction, touched: Touched, authority: Authority, now: datetime) -> None:
    """Draw the golden records that depend on what was touched, and drop those left without base.

    A parent's new name touches the children: what is expected of them is settled with them.
    Takes the locks of members, then of groups; see ``locks`` for why that is enough.
    """
    if not (touched.members or touched.groups):
        return
    lock(tx, Tier.MEMBER, touched.members)
    groups = links_near(tx, touched.members).groups(touched.members) | touched.groups
    if touched.family:
        groups |= family.children_of(tx, touched.family)
    lock(tx, Tier.GROUP, groups)
    drawn = _draw(tx, groups, authority)
    rows = [_row(golden) for golden in drawn]
    if rows:
        tx.execute(_PUT, {"rows": as_json(rows), "authority": authority.version, "now": now})
    tx.execute(_DROP, {"groups": as_json(sorted(groups)), "rows": as_json(_names(drawn))})
    persons = {golden.subject: golden.fields for golden in drawn if golden.entity == "person"}
    expectations.settle(tx, groups, persons, changed=bool(touched.family), now=now)


def redraw_outdated(tx: Transaction, authority: Authority, now: datetime, limit: int = 500) -> int:
    """Draw golden records of another matrix version again; return how many, 0 when all are done."""
    prepare(tx)
    rows = tx.rows(_OUTDATED, {"version": authority.version, "limit": limit})
    draw_again(tx, Touched(groups={row["subject"] for row in rows}), authority, now)
    return len(rows)


def _draw(tx: Transaction, groups: Iterable[str], authority: Authority) -> list[Golden]:
    links = links_near(tx, groups)
    members = {group: links.members(group) for group in sorted(groups)}
    said: dict[str, list[Any]] = {}
    for statement in statements(tx, {m for listed in members.values() for m in listed}):
        said.setdefault(statement.subject, []).append(statement)
    return [
        golden
        for group, listed in members.items()
        for golden in draw(
            group,
            [statement for member in listed for statement in said.get(member, ())],
            links.disputed(group),
            authority,
        )
    ]


def _row(golden: Golden) -> dict[str, Any]:
    return {
        "entity": golden.entity,
        "subject": golden.subject,
        "fields": golden.fields,
        "sources": golden.sources,
        "findings": golden.findings,
    }


def _names(drawn: Sequence[Golden]) -> list[dict[str, str]]:
    return [{"entity": golden.entity, "subject": golden.subject} for golden in drawn]
