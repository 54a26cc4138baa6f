"""Which database roles read for which purpose, and what rights they have: functions, no table.

Done with the owner's connection, as migrations are, by an operator.
"""

from __future__ import annotations

from datetime import datetime

from hub.agency.dictionary import Dictionary, dictionary
from hub.agency.readings import schema_of
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store import rights
from hub.store.database import Row, Transaction
from hub.store.statements import compose

_ADD = """
INSERT INTO agency.reader (role, purpose, added_by, added_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (role) DO UPDATE
SET purpose = excluded.purpose, added_by = excluded.added_by, added_at = excluded.added_at
"""
_REMOVE = "DELETE FROM agency.reader WHERE role = %s"
_LIST = "SELECT role, purpose, added_by, added_at FROM agency.reader ORDER BY role"

_EXISTING = """
SELECT role, purpose FROM agency.reader JOIN pg_roles ON rolname = role ORDER BY role
"""

_LOG = """
SELECT opened_at, role, purpose, view, scope, reason, as_of, known_at FROM agency.reading
ORDER BY opened_at DESC LIMIT %s
"""


def grant(tx: Transaction, token: str | None, role: str, purpose: str, now: datetime) -> None:
    """Let a role read for one purpose, and for no other; idempotent.

    Raises ``Declined`` (``not-authenticated``, ``purpose-unknown``), and ``Stop`` where there is
    no such role, or it could read past the record: as a superuser, as or like the owner, or with
    a right to any of the hub's tables.
    """
    by = operators.authenticate(tx, token).name
    words = dictionary()
    if purpose not in words.purposes:
        raise Declined("purpose-unknown", f"one of: {', '.join(words.purposes)}")
    rights.held_back(tx, role)
    _take(tx, role, words)
    _give(tx, role, purpose)
    tx.execute(_ADD, [role, purpose, by, now])
    audit.record(tx, Act(by, "reader-added", f"role:{role}", basis=f"purpose:{purpose}"), now)


def revoke(tx: Transaction, token: str | None, role: str, now: datetime) -> None:
    """Let a role read no more; raise ``Declined`` (``not-authenticated``, ``reader-unknown``)."""
    by = operators.authenticate(tx, token).name
    if not tx.execute(_REMOVE, [role]):
        raise Declined("reader-unknown", "no role of that name reads")
    if rights.exists(tx, role):
        _take(tx, role, dictionary())
    audit.record(tx, Act(by, "reader-removed", f"role:{role}"), now)


def known(tx: Transaction) -> list[Row]:
    """List the roles that read, each with its purpose."""
    return tx.rows(_LIST)


def log(tx: Transaction, most: int) -> list[Row]:
    """List readings that were opened, the newest first, without whom they were of."""
    return tx.rows(_LOG, [most])


def give_again(tx: Transaction, words: Dictionary) -> None:
    """Give every role its rights to schemas that were made again."""
    for row in tx.rows(_EXISTING):
        if row["purpose"] in words.purposes:
            _give(tx, row["role"], row["purpose"])


def _give(tx: Transaction, role: str, purpose: str) -> None:
    parts = {"schema": schema_of(purpose), "role": role}
    tx.execute(compose("GRANT USAGE ON SCHEMA {schema} TO {role}", **parts))
    tx.execute(compose("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}", **parts))


def _take(tx: Transaction, role: str, words: Dictionary) -> None:
    for purpose in words.purposes:
        parts = {"schema": schema_of(purpose), "role": role}
        tx.execute(compose("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role}", **parts))
        tx.execute(compose("REVOKE ALL ON SCHEMA {schema} FROM {role}", **parts))
