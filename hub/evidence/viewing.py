"""Looking at a person's data: who may, what of it they see, and the trace it leaves."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and why; ``masked`` sees identifiers masked and no values."""

    name: str
    masked: bool
    reason: str | None

    def looked(
        self,
        tx: Transaction,
        action: str,
        at: str,
        now: datetime,
        *,
        fields: Iterable[str] = (),
        outcome: str,
    ) -> None:
        """Write down that it was looked at something, in the transaction that looks."""
        detail = {"masked": self.masked, "fields": sorted(fields)}
        act = Act(self.name, action, at, self.reason, detail, "operator", outcome)
        audit.record(tx, act, now)


def admitted(tx: Transaction, token: str | None, reason: str | None) -> Viewer:
    """Let somebody look: an operator who says why; before there are any, whoever is here.

    Raises ``Declined`` (``not-authenticated``, ``reason-missing``).
    """
    if not operators.any_active(tx):
        return Viewer(operators.CONSOLE, masked=False, reason=reason)
    operator = operators.authenticate(tx, token)
    if not reason or not reason.strip():
        raise Declined("reason-missing", "say why with --reason; it is kept")
    return Viewer(operator.name, operator.masked, reason)


def pseudonym(tx: Transaction, subject: str) -> str:
    """Name a person as the audit does: a keyed hash of the identifier's URN."""
    (row,) = tx.rows("SELECT value FROM evidence.pepper")
    return "person:" + hmac.new(bytes(row["value"]), subject.encode(), hashlib.sha256).hexdigest()
