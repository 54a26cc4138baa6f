"""A ministry's credentials, in the database and on the broker, changed together.

The broker comes last before the commit. Where either fails nothing was issued, and giving the
command again sets the password again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.broker_control import BrokerControl
from hub.evidence import credentials, operators
from hub.evidence.credentials import Kind
from hub.store.database import Database
from schemas.errors import Stop

_NOW = timedelta()


@dataclass(frozen=True, slots=True)
class Office:
    """Issues, rotates and revokes for whoever holds an operator's ``token``.

    Every verb raises ``Declined`` (``not-authenticated``, ``credential-…``), ``Stop`` where a
    broker user is asked for and no way to the broker is set, and ``Unavailable``.
    """

    database: Database
    control: BrokerControl | None
    token: str | None

    def issue(self, ministry: str, kind: Kind, now: datetime) -> str:
        """Make a first credential and return it, this once."""
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, self.token)
            secret = credentials.issue(tx, ministry, kind, by, now)
            self._admit(ministry, kind, secret)
        return secret

    def rotate(self, ministry: str, kind: Kind, now: datetime, overlap: timedelta = _NOW) -> str:
        """Make another and return it; the old secret of an HTTP client is good for ``overlap``.

        A broker user has one password: the old one opens no further connection.
        """
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, self.token)
            left = overlap if kind is Kind.HTTP else _NOW
            secret = credentials.rotate(tx, ministry, kind, by, now, left)
            self._admit(ministry, kind, secret)
        return secret

    def revoke(self, ministry: str, kind: Kind, now: datetime) -> None:
        """Make all there is worthless, delete the broker user and close what it has open."""
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, self.token)
            credentials.revoke(tx, ministry, kind, by, now)
            if kind is Kind.BROKER:
                control = self._broker()
                control.delete(ministry)
                control.close_connections(ministry, "the ministry's user was revoked")

    def _admit(self, ministry: str, kind: Kind, password: str) -> None:
        if kind is Kind.BROKER:
            control = self._broker()
            control.set_password(ministry, password)
            own = f"{re.escape(ministry)}$"
            control.permit(ministry, write=rf"^intake\.{own}", read=rf"^(notice|receipt)\.{own}")

    def _broker(self) -> BrokerControl:
        if self.control is None:
            raise Stop("QOVSAQ_OUTBOUND__BROKER_CONTROL is not set: no broker user can be changed")
        return self.control
