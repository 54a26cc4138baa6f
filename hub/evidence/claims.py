"""Claims: written before a suspect message is handled, so that a second crash convicts it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from hub.store.database import Database, Transaction, as_json
from routing.message import Delivery

_CLAIM = """
INSERT INTO evidence.poison_claim AS claim (hop, key, crashes, claimed_at)
SELECT %(hop)s, value, 1, %(now)s FROM jsonb_array_elements_text(%(keys)s::jsonb)
ORDER BY value
ON CONFLICT (hop, key) DO UPDATE SET crashes = claim.crashes + 1, claimed_at = excluded.claimed_at
RETURNING key, crashes
"""

_RELEASE = """
DELETE FROM evidence.poison_claim
WHERE hop = %(hop)s AND key IN (SELECT jsonb_array_elements_text(%(keys)s::jsonb))
"""


def claim(tx: Transaction, hop: str, keys: Iterable[str], now: datetime) -> Mapping[str, int]:
    """Claim suspects; tell for each how often it was claimed without being released, now included.

    1 means: redelivered once, the cause may have been a neighbour. 2 or more means that it was
    handled alone before and that process did not survive.
    """
    found = tx.rows(_CLAIM, {"hop": hop, "keys": as_json(sorted(set(keys))), "now": now})
    return {row["key"]: row["crashes"] for row in found}


def release(tx: Transaction, hop: str, keys: Iterable[str]) -> None:
    """Clear suspects that were handled after all, in the transaction of their effect."""
    tx.execute(_RELEASE, {"hop": hop, "keys": as_json(list(keys))})


def claim_delivery(database: Database, hop: str, delivery: Delivery, now: datetime) -> int:
    """Claim a delivery by its queue and body, in a transaction of its own; see ``claim``."""
    key = _key(delivery)
    with database.transaction() as tx:
        return claim(tx, hop, [key], now)[key]


def absolve_delivery(database: Database, hop: str, delivery: Delivery) -> None:
    """Clear a delivery that was handled after all."""
    with database.transaction() as tx:
        release(tx, hop, [_key(delivery)])


def _key(delivery: Delivery) -> str:
    return f"{delivery.queue}:{hashlib.sha256(delivery.body).hexdigest()}"
