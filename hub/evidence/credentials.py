"""What a ministry proves itself with: its broker user's password, its HTTP client's secret.

A secret is 256 random bits, so a fast hash of it is enough; a password is known to the broker
alone. Either is returned once, when it is made.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.operators import Operator
from hub.store.database import Row, Transaction


class Kind(StrEnum):
    """What a credential opens."""

    BROKER = "broker"
    HTTP = "http"


_ISSUE = """
INSERT INTO evidence.credential (ministry, kind, secret_sha256, issued_by, issued_at)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING credential_id
"""

_END = """
UPDATE evidence.credential SET ends_at = %(ends)s, ended_by = %(by)s
WHERE ministry = %(ministry)s AND kind = %(kind)s AND (ends_at IS NULL OR ends_at > %(ends)s)
"""

_HOLDER = """
SELECT FROM evidence.credential WHERE ministry = %s AND kind = 'http' AND secret_sha256 = %s
    AND (ends_at IS NULL OR ends_at > %s)
"""

_LIST = """
SELECT ministry, kind, issued_by, issued_at, ends_at, ended_by FROM evidence.credential
ORDER BY ministry, kind, credential_id
"""


def issue(tx: Transaction, ministry: str, kind: Kind, by: Operator, now: datetime) -> str:
    """Make a first credential; raise ``Declined`` (``credential-exists``) if there is one."""
    secret = _insert(tx, ministry, kind, by, now)
    _record(tx, "credential-issued", ministry, kind, by, now)
    return secret


def rotate(
    tx: Transaction,
    ministry: str,
    kind: Kind,
    by: Operator,
    now: datetime,
    overlap: timedelta = timedelta(),
) -> str:
    """Make another credential in place of the present one, which is good for ``overlap`` more.

    Raises ``Declined`` (``credential-unknown``) if there is none.
    """
    _end(tx, ministry, kind, by, now + overlap)
    secret = _insert(tx, ministry, kind, by, now)
    _record(tx, "credential-rotated", ministry, kind, by, now)
    return secret


def revoke(tx: Transaction, ministry: str, kind: Kind, by: Operator, now: datetime) -> None:
    """End all there is at once; raise ``Declined`` (``credential-unknown``) if there is none."""
    _end(tx, ministry, kind, by, now)
    _record(tx, "credential-revoked", ministry, kind, by, now)


def holds(tx: Transaction, ministry: str, secret: str, now: datetime) -> bool:
    """Whether this is a secret of the ministry's HTTP client, good ``now``."""
    return bool(tx.rows(_HOLDER, [ministry, _hash(secret), now]))


def known(tx: Transaction) -> list[Row]:
    """List all credentials there ever were."""
    return tx.rows(_LIST)


def _insert(tx: Transaction, ministry: str, kind: Kind, by: Operator, now: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    kept = _hash(secret) if kind is Kind.HTTP else None
    if not tx.rows(_ISSUE, [ministry, kind, kept, by.name, now]):
        raise Declined("credential-exists", f"{ministry} has one ({kind}); rotate it")
    return secret


def _end(tx: Transaction, ministry: str, kind: Kind, by: Operator, ends: datetime) -> None:
    params = {"ministry": ministry, "kind": kind, "by": by.name, "ends": ends}
    if not tx.execute(_END, params):
        raise Declined("credential-unknown", f"{ministry} has none ({kind}); issue one")


def _record(
    tx: Transaction, action: str, ministry: str, kind: Kind, by: Operator, now: datetime
) -> None:
    act = Act(by.name, action, f"ministry:{ministry}", detail={"kind": kind.value})
    audit.record(tx, act, now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
