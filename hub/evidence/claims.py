"""Claims: written before a suspect message is handled, so that a second crash convicts it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Suspects:
    """Deliveries of one hop, claimed by queue and body, each time in a transaction of its own."""

    database: Database
    hop: str

    def claims(self, suspects: Sequence[Delivery]) -> Sequence[int]:
        """Tell for each how often it was claimed without being released."""
        keys = [_key(delivery) for delivery in suspects]
        with self.database.transaction() as tx:
            rows = tx.rows(_CLAIMS, {"hop": self.hop, "keys": as_json(keys)})
        found = {row["key"]: row["crashes"] for row in rows}
        return [found.get(key, 0) for key in keys]

    def claim(self, suspects: Sequence[Delivery], now: datetime) -> Sequence[int]:
        """Claim them; tell for each as the function of this name."""
        keys = [_key(delivery) for delivery in suspects]
        with self.database.transaction() as tx:
            found = claim(tx, self.hop, keys, now)
        return [found[key] for key in keys]

    def absolve(self, suspects: Sequence[Delivery]) -> None:
        """Clear what was handled after all."""
        with self.database.transaction() as tx:
            release(tx, self.hop, map(_key, suspects))


def _key(delivery: Delivery) -> str:
    return f"{delivery.queue}:{hashlib.sha256(delivery.body).hexdigest()}"
