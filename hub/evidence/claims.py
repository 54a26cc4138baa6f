"""Claims: written before a suspect message is handled, so that a second crash convicts it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
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

_CLAIMS = """
SELECT key, crashes FROM evidence.poison_claim
WHERE hop = %(hop)s AND key IN (SELECT jsonb_array_elements_text(%(keys)s::jsonb))
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


def claims_on(database: Database, hop: str, suspects: Sequence[Delivery]) -> list[int]:
    """Tell how often each delivery was claimed, by its queue and body, without being released."""
    keys = [_key(delivery) for delivery in suspects]
    with database.transaction() as tx:
        rows = tx.rows(_CLAIMS, {"hop": hop, "keys": as_json(keys)})
    found = {row["key"]: row["crashes"] for row in rows}
    return [found.get(key, 0) for key in keys]


def claim_deliveries(
    database: Database, hop: str, suspects: Sequence[Delivery], now: datetime
) -> list[int]:
    """Claim deliveries by queue and body, in a transaction of its own; see ``claim``."""
    keys = [_key(delivery) for delivery in suspects]
    with database.transaction() as tx:
        found = claim(tx, hop, keys, now)
    return [found[key] for key in keys]


def absolve_deliveries(database: Database, hop: str, suspects: Sequence[Delivery]) -> None:
    """Clear deliveries that were handled after all."""
    with database.transaction() as tx:
        release(tx, hop, map(_key, suspects))


def _key(delivery: Delivery) -> str:
    return f"{delivery.queue}:{hashlib.sha256(delivery.body).hexdigest()}"
