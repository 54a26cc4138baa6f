"""Expectations in their table: open until the child's own source has said the new name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.registry import family
from hub.registry.cascades import Expectation, Kin, expected
from hub.store.database import Row, Transaction, as_json

_PUT = """
INSERT INTO registry.expectation AS held
    (child, field, ground, accepted, acts, met, opened_at, met_at)
SELECT child, field, ground, accepted, acts, met, %(now)s, CASE WHEN met THEN %(now)s END
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r (child text, field text, ground text, accepted jsonb, acts jsonb, met boolean)
ON CONFLICT (child, field) DO UPDATE
SET ground = excluded.ground, accepted = excluded.accepted, acts = excluded.acts,
    met = excluded.met, met_at = excluded.met_at,
    opened_at = CASE WHEN held.acts = excluded.acts THEN held.opened_at ELSE excluded.opened_at END
WHERE (held.ground, held.accepted, held.acts, held.met)
    IS DISTINCT FROM (excluded.ground, excluded.accepted, excluded.acts, excluded.met)
"""

_DROP = """
DELETE FROM registry.expectation AS held
WHERE child IN (SELECT value FROM jsonb_array_elements_text(%(children)s::jsonb))
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (child text, field text)
    WHERE (r.child, r.field) = (held.child, held.field))
"""

_OF = """
SELECT child, field, ground, accepted, acts, met, opened_at, met_at
FROM registry.expectation WHERE child = %s ORDER BY field
"""

_OPEN = """
SELECT ground, count(*) AS n, min(opened_at) AS oldest
FROM registry.expectation WHERE NOT met GROUP BY ground ORDER BY ground
"""


def settle(
    tx: Transaction,
    persons: Iterable[str],
    fields: Mapping[str, Mapping[str, Any]],
    *,
    changed: bool,
    now: datetime,
) -> None:
    """Bring the expectations about these persons up to date with their golden ``fields``.

    Needs the persons' group locks. ``changed`` tells that kinship may have gone, so that there
    may be expectations of persons who have no parents any more.
    """
    by_child: dict[str, list[Kin]] = {}
    for each in family.kin_of(tx, persons):
        by_child.setdefault(each.child, []).append(each)
    if not by_child and not changed:
        return
    parents = {each.parent for kin in by_child.values() for each in kin}
    renamings = family.renamings_of(tx, parents) if parents else []
    found = [
        _row(each)
        for child, kin in sorted(by_child.items())
        for each in expected(child, kin, renamings, fields.get(child, {}))
    ]
    if found:
        tx.execute(_PUT, {"rows": as_json(found), "now": now})
    children = set(by_child) | (set(persons) if changed else set())
    tx.execute(_DROP, {"children": as_json(sorted(children)), "rows": as_json(found)})


def of(tx: Transaction, child: str) -> list[Row]:
    """Read what is or was expected of a person."""
    return tx.rows(_OF, [child])


def open_by_ground(tx: Transaction) -> list[Row]:
    """Count what is still expected: ``ground``, ``n`` and since when the ``oldest`` waits."""
    return tx.rows(_OPEN)


def _row(each: Expectation) -> dict[str, Any]:
    return {
        "child": each.child,
        "field": each.field,
        "ground": each.ground,
        "accepted": each.accepted,
        "acts": each.acts,
        "met": each.met,
    }
