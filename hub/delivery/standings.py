"""What is written when a grant is proposed, decided upon or changes its standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.delivery.grant import Standing
from hub.store.database import Row, Transaction, as_json
from schemas.grant_document import GrantDocument

_PROPOSE = """
INSERT INTO outbound.grant_version (grant_id, version, subscriber, document, proposed_by,
    proposed_at, reason)
SELECT %(grant)s, coalesce(max(version), 0) + 1, %(subscriber)s, %(document)s::jsonb, %(by)s,
    %(now)s, %(reason)s
FROM outbound.grant_version WHERE grant_id = %(grant)s
RETURNING version
"""

_DECIDE = """
UPDATE outbound.grant_version SET approved = %(approved)s, decided_by = %(by)s,
    decided_at = %(now)s
WHERE grant_id = %(grant)s AND version = %(version)s AND approved IS NULL
"""

_ENTER = """
INSERT INTO outbound.grant_standing (grant_id, entry, version, standing, ground, reason, by, at)
SELECT %(grant)s, coalesce(max(entry), 0) + 1, %(version)s, %(standing)s, %(ground)s, %(reason)s,
    %(by)s, %(now)s
FROM outbound.grant_standing WHERE grant_id = %(grant)s
"""

_VERSIONS = """
SELECT grant_id, version, subscriber, document, proposed_by, proposed_at, reason, approved,
    decided_by, decided_at
FROM outbound.grant_version WHERE grant_id = %s ORDER BY version
"""

_ENTRIES = """
SELECT entry, version, standing, ground, reason, by, at
FROM outbound.grant_standing WHERE grant_id = %s ORDER BY entry
"""

_LIST = """
SELECT v.grant_id, v.version, v.subscriber, v.document, v.approved, s.standing,
    s.version AS version_in_force
FROM outbound.grant_version v
LEFT JOIN LATERAL (SELECT standing, version FROM outbound.grant_standing s
    WHERE s.grant_id = v.grant_id ORDER BY entry DESC LIMIT 1) AS s ON true
WHERE v.version = (SELECT max(version) FROM outbound.grant_version w WHERE w.grant_id = v.grant_id)
ORDER BY v.subscriber, v.grant_id
"""

_EXPIRED = """
SELECT s.grant_id, s.version, v.subscriber
FROM outbound.grant_version v
JOIN LATERAL (SELECT grant_id, standing, version FROM outbound.grant_standing s
    WHERE s.grant_id = v.grant_id ORDER BY entry DESC LIMIT 1) AS s USING (version)
WHERE s.grant_id = v.grant_id AND s.standing = 'in-force'
  AND (v.document ->> 'validUntil')::timestamptz <= %s
  AND NOT EXISTS (SELECT FROM outbound.expiry e WHERE (e.grant_id, e.version)
      = (v.grant_id, v.version))
"""

_NOTICE_EXPIRY = """
INSERT INTO outbound.expiry (grant_id, version, noticed_at) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""

_KEPT_BACK = """
SELECT count(*) FILTER (WHERE state = 'withheld') AS withheld,
    count(*) FILTER (WHERE state = 'recalled') AS recalled
FROM outbound.custody
WHERE subscriber = %s AND grant_id = %s AND state IN ('withheld', 'recalled')
"""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry to be made in the history of a grant's standing."""

    grant_id: str
    version: int
    standing: Standing
    ground: str
    reason: str
    by: str


def propose(tx: Transaction, document: GrantDocument, reason: str, by: str, now: datetime) -> int:
    """Keep a document as the grant's next version; return its number."""
    (row,) = tx.rows(
        _PROPOSE,
        {
            "grant": document.grant,
            "subscriber": document.subscriber,
            "document": as_json(document.model_dump(mode="json", exclude_none=True)),
            "by": by,
            "now": now,
            "reason": reason,
        },
    )
    return int(row["version"])


def decide(
    tx: Transaction, grant_id: str, version: int, *, approved: bool, by: str, now: datetime
) -> bool:
    """Decide upon a version; False if that was done before."""
    given: Mapping[str, Any] = {
        "grant": grant_id,
        "version": version,
        "approved": approved,
        "by": by,
        "now": now,
    }
    return bool(tx.execute(_DECIDE, given))


def enter(tx: Transaction, line: Line, now: datetime) -> None:
    """Make an entry: from its commit on, the grant stands so."""
    tx.execute(
        _ENTER,
        {
            "grant": line.grant_id,
            "version": line.version,
            "standing": line.standing,
            "ground": line.ground,
            "reason": line.reason,
            "by": line.by,
            "now": now,
        },
    )


def versions(tx: Transaction, grant_id: str) -> list[Row]:
    """Read every version of a grant, oldest first; none if there is no such grant."""
    return tx.rows(_VERSIONS, [grant_id])


def entries(tx: Transaction, grant_id: str) -> list[Row]:
    """Read how a grant stood, oldest first."""
    return tx.rows(_ENTRIES, [grant_id])


def listed(tx: Transaction) -> list[Row]:
    """List all grants with their last version and how they stand."""
    return tx.rows(_LIST)


def expired(tx: Transaction, now: datetime) -> Sequence[Row]:
    """List grants in force whose time is over, and of which that was not noticed yet."""
    return tx.rows(_EXPIRED, [now])


def notice_expiry(tx: Transaction, grant_id: str, version: int, now: datetime) -> bool:
    """Note that a version's end was acted upon; False if it was before."""
    return bool(tx.execute(_NOTICE_EXPIRY, [grant_id, version, now]))


def kept_back(tx: Transaction, subscriber: str, grant_id: str) -> Row:
    """Count what was withheld and recalled under a grant and has not left since."""
    (row,) = tx.rows(_KEPT_BACK, [subscriber, grant_id])
    return row
