"""Whose data is blocked at their own request: ``agency.blocked`` has it by all their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.store.database import Transaction, as_json

_ANY = """
SELECT EXISTS (SELECT FROM agency.request WHERE kind = 'blocking' AND state = 'granted') AS found
"""

_BLOCKED = """
SELECT subject, min(request_id) AS request_id FROM agency.blocked
WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb)) GROUP BY subject
"""


def any_blocked(tx: Transaction) -> bool:
    """Tell whether anybody at all is blocked, which costs next to nothing to know."""
    return bool(tx.rows(_ANY)[0]["found"])


def blocked(tx: Transaction, subjects: Iterable[str]) -> Mapping[str, int]:
    """Tell which of some subjects (URNs) are blocked, and on which request."""
    rows = tx.rows(_BLOCKED, [as_json(sorted(set(subjects)))])
    return {row["subject"]: row["request_id"] for row in rows}
