"""Who may act on what is governed. An operator is whoever holds the token of a name.

Only the token's hash is kept. It is 256 random bits, so a fast hash is enough: there is nothing
to guess. A name is never given to a second person, not even after it was revoked.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store.database import Row, Transaction

_NAME = re.compile(r"[\w](?:[\w .@-]{0,62}[\w])?")
CONSOLE = "database-owner"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('desk.operator'))"

_ADD = """
INSERT INTO desk.operator (name, token_sha256, issued_by, issued_at, masked)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING name
"""

_FIND = """
SELECT name, issued_by, masked FROM desk.operator
WHERE token_sha256 = %s AND revoked_at IS NULL FOR SHARE
"""

_REVOKE = """
UPDATE desk.operator SET revoked_at = %s, revoked_by = %s WHERE name = %s AND revoked_at IS NULL
"""

_LIST = """
SELECT name, issued_by, issued_at, revoked_at, revoked_by, masked FROM desk.operator ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Operator:
    """An authenticated person; ``issued_by`` is who saw the token when it was made.

    Who is ``masked`` may not see whom records are about.
    """

    name: str
    issued_by: str | None = None
    masked: bool = False

    def may_be(self, other: Operator) -> bool:
        """Whether one and the same person may be behind both names.

        Whoever issues a token sees it, and could act under that name too.
        """
        return self.name in (other.name, other.issued_by) or other.name == self.issued_by


def authenticate(tx: Transaction, token: str | None) -> Operator:
    """Find the operator a token belongs to; raise ``Declined`` (``not-authenticated``).

    Until the transaction ends, the token cannot be revoked.
    """
    rows = tx.rows(_FIND, [_hash(token)]) if token else []
    if not rows:
        raise Declined("not-authenticated", "QOVSAQ_OPERATOR_TOKEN is no valid operator's token")
    return Operator(rows[0]["name"], rows[0]["issued_by"], rows[0]["masked"])


def authenticate_for_persons(tx: Transaction, token: str | None) -> Operator:
    """Find an operator who may see persons' data; also raise ``Declined`` (``operator-masked``)."""
    operator = authenticate(tx, token)
    if operator.masked:
        raise Declined("operator-masked", "this operator may not see persons' data")
    return operator


def named(tx: Transaction, name: str) -> Operator:
    """Find an operator by name, revoked ones too."""
    (row,) = tx.rows("SELECT name, issued_by FROM desk.operator WHERE name = %s", [name])
    return Operator(row["name"], row["issued_by"])


def add(
    tx: Transaction, name: str, token: str | None, now: datetime, *, masked: bool = False
) -> str:
    """Give a new operator a token and return it: it is shown this once and kept nowhere.

    The first operator is added by whoever can reach the database; later ones by an operator.
    Who is masked adds only masked ones. Raises ``Declined`` (``operator-name``,
    ``operator-exists``, ``operator-masked``, ``not-authenticated``).
    """
    if not _NAME.fullmatch(name) or name.lower() == CONSOLE:
        raise Declined("operator-name", "1 to 64 letters, digits, spaces, dots, @ or hyphens")
    tx.execute(_LOCK)
    by = _issuer(tx, token, masked=masked) if any_active(tx) else None
    issuer = by.name if by else None
    issued = secrets.token_urlsafe(32)
    if not tx.rows(_ADD, [name, _hash(issued), issuer, now, masked]):
        raise Declined("operator-exists", "this name was given before, and names are given once")
    act = Act(issuer or CONSOLE, "operator-added", _object(name), detail={"masked": masked})
    audit.record(tx, act, now)
    return issued


def _issuer(tx: Transaction, token: str | None, *, masked: bool) -> Operator:
    return authenticate(tx, token) if masked else authenticate_for_persons(tx, token)


def revoke(tx: Transaction, name: str, token: str | None, now: datetime) -> None:
    """Make a token worthless at once; raise ``Declined`` (``operator-unknown``)."""
    tx.execute(_LOCK)
    by = authenticate(tx, token)
    if not tx.execute(_REVOKE, [now, by.name, name]):
        raise Declined("operator-unknown", "no operator of that name holds a valid token")
    audit.record(tx, Act(by.name, "operator-revoked", _object(name)), now)


def known(tx: Transaction) -> list[Row]:
    """List all operators there ever were."""
    return tx.rows(_LIST)


def any_active(tx: Transaction) -> bool:
    """Tell whether anybody holds a valid token."""
    return bool(tx.rows("SELECT FROM desk.operator WHERE revoked_at IS NULL LIMIT 1"))


def _object(name: str) -> str:
    return f"operator:{name}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
