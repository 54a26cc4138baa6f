"""Locks of the writer: three tiers, each taken whole and in sorted order before the next.

*Facts* first: who holds a fact's lock alone may fold it. Then *members*, the subjects of the
changed claims and links: who holds these knows that their links stay as read. Then *groups*, the
subjects of the golden records that depend on them. Whoever changes anything a golden record is
drawn from holds its group's lock before drawing it, so the last to draw has seen everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from hub.store.database import Transaction, as_json

# A writer looks up few keys in large tables. Plans made while a table was still empty must not
# survive as scans of the whole, and a lost writer must not hold up the others for ever.
_PREPARE = """
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('lock_timeout', '30s', true)
"""

_LOCK = """
SELECT count(pg_advisory_xact_lock(key)) FROM (
    SELECT DISTINCT hashtextextended(name, 0) AS key
    FROM jsonb_array_elements_text(%s::jsonb) AS name ORDER BY key) AS keys
"""


class Tier(StrEnum):
    """What a lock protects; the order of members is the order of taking."""

    FACT = "fact"
    MEMBER = "member"
    GROUP = "group"


def prepare(tx: Transaction) -> None:
    """Set the transaction up for looking up single keys and for waiting on locks."""
    tx.execute(_PREPARE)


def lock(tx: Transaction, tier: Tier, names: Iterable[str]) -> None:
    """Take the locks of one tier until the end of the transaction."""
    keys = sorted({f"registry.{tier}:{name}" for name in names})
    if keys:
        tx.execute(_LOCK, [as_json(keys)])
