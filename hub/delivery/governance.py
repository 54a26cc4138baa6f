"""Governing grants: proposed by one operator, put in force by another, restricted by any at once.

A restriction (decree 5.3: illegal access confirmed, no legal basis) takes the grant's fence alone,
waits for whatever may be on its way, closes the subscriber's queue to it, and only then commits:
after the commit nothing more of it can be received.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from hub.delivery import fence, grants, parcels, recall, standings, subscribers
from hub.delivery.administration import BrokerAdministration
from hub.delivery.grant import Grant, Standing
from hub.delivery.recall import Recaller
from hub.delivery.standings import Line
from hub.delivery.subscriber import Subscriber
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.operators import Operator
from hub.store.database import Database, Row, Transaction
from schemas.errors import Unavailable
from schemas.grant_document import GrantDocument

_log = structlog.get_logger()
CLOCK = "clock"
"""Who acts where time itself does: a grant ends without anybody's command."""


class Ground(StrEnum):
    """Why a grant's standing changed."""

    APPROVED = "approved"
    ILLEGAL_ACCESS = "5.3.1"
    NO_LEGAL_BASIS = "5.3.2"
    OTHER = "other"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Governance:
    """Grants, for operators. ``wait`` waits so many seconds; ``four_eyes``: two persons approve."""

    database: Database
    recaller: Recaller
    administration: BrokerAdministration
    clock: Callable[[], datetime]
    wait: Callable[[float], object]
    authority: str
    operator: str
    four_eyes: bool = True

    def propose(self, token: str | None, document: GrantDocument, reason: str) -> int:
        """Propose a grant, or a new version of one; nothing changes before it is approved.

        Raises ``Declined``: ``not-authenticated``, ``subscriber-unknown``, ``access-authority``,
        ``grant-subscriber`` (a grant stays with its body), ``grant-revoked``, ``reason``.
        """
        now = self.clock()
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, token)
            _subscriber(tx, document.subscriber)
            _reasoned(reason)
            if document.decision.authority != self.authority:
                raise Declined("access-authority", f"decisions are those of {self.authority}")
            earlier = standings.versions(tx, document.grant)
            if earlier and earlier[0]["subscriber"] != document.subscriber:
                raise Declined("grant-subscriber", "a grant of this name is another body's")
            grant = _standing(tx, document.grant)
            if grant and grant.standing is Standing.REVOKED:
                raise Declined("grant-revoked", "what was revoked is proposed under a new name")
            version = standings.propose(tx, document, reason, by.name, now)
            self._note(tx, by, "grant-proposed", document.grant, version, reason, now)
        return version

    def decide(
        self, token: str | None, grant_id: str, version: int, *, approve: bool, reason: str
    ) -> None:
        """Put a proposed version in force, or reject it.

        Raises ``Declined``: ``not-authenticated``, ``grant-unknown``, ``already-decided``,
        ``grant-outdated`` (a newer version stands), ``grant-restricted``, ``four-eyes``,
        ``reason``; ``Unavailable`` where it is in force but the broker could not be told.
        """
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, token)
            _reasoned(reason)
            row = _version(tx, grant_id, version)
            if self.four_eyes and by.may_be(operators.named(tx, row["proposed_by"])):
                raise Declined("four-eyes", "another person decides than the one who proposed")
            if not approve:
                now = self.clock()
                if not standings.decide(tx, grant_id, version, approved=False, by=by.name, now=now):
                    raise Declined("already-decided", "this version was decided upon before")
                self._note(tx, by, "grant-rejected", grant_id, version, reason, now)
                return
        self._change(
            by, grant_id, Standing.IN_FORCE, Ground.APPROVED, reason, "grant-approved", version
        )

    def suspend(self, token: str | None, grant_id: str, ground: Ground, reason: str) -> None:
        """Restrict a grant until it is lifted; see ``revoke``."""
        by = self._authenticated(token, reason)
        self._change(by, grant_id, Standing.SUSPENDED, ground, reason, "grant-suspended")

    def revoke(self, token: str | None, grant_id: str, ground: Ground, reason: str) -> None:
        """Restrict a grant for good; when this returns nothing more can be received under it.

        Raises ``Declined`` (``grant-unknown``, ``standing``, ``not-authenticated``, ``reason``);
        ``Unavailable`` where it is restricted but the broker could not be told: then nothing new
        reaches the subscriber's queue, and the delivery process goes on trying to close it.
        """
        by = self._authenticated(token, reason)
        self._change(by, grant_id, Standing.REVOKED, ground, reason, "grant-revoked")

    def lift(self, token: str | None, grant_id: str, reason: str) -> Row:
        """End a suspension; return how many records were ``withheld`` and ``recalled`` meanwhile.

        They are not sent by themselves: a backfill offers them again, gated as of then.
        """
        by = self._authenticated(token, reason)
        grant = self._change(by, grant_id, Standing.IN_FORCE, Ground.LIFTED, reason, "grant-lifted")
        with self.database.transaction() as tx:
            return standings.kept_back(tx, grant.document.subscriber, grant_id)

    def keep_watch(self) -> int:
        """Act on grants whose time is over, and settle what is still to be; return how many."""
        with self.database.transaction() as tx:
            over = standings.expired(tx, self.clock())
        for row in over:
            self._expire(row)
        return self._settle() + len(over)

    def _change(
        self,
        by: Operator,
        grant_id: str,
        to: Standing,
        ground: Ground,
        reason: str,
        action: str,
        version: int | None = None,
    ) -> Grant:
        """Change how a grant stands, under its fence."""
        failure: Unavailable | None = None
        with self.database.transaction() as tx:
            fence.alone(tx, grant_id)
            before = _standing(tx, grant_id)
            number = _next(tx, grant_id, before, to, version)
            subscriber = _subscriber(tx, _version(tx, grant_id, number)["subscriber"])
            fence.access(tx, subscriber.name)
            narrows = before is not None and before.standing is Standing.IN_FORCE
            if narrows:
                failure = self._close(tx, grant_id, subscriber)
            now = self.clock()
            if version is not None and not standings.decide(
                tx, grant_id, version, approved=True, by=by.name, now=now
            ):
                raise Declined("already-decided", "this version was decided upon before")
            standings.enter(tx, Line(grant_id, number, to, ground, reason, by.name), now)
            recall.request(tx, subscriber.name, now, recall=narrows)
            self._note(tx, by, action, grant_id, number, f"{ground}: {reason}", now)
        _log.warning(action, grant=grant_id, version=number, ground=ground)
        if failure is not None:
            raise failure
        self._settle(subscriber.name, closed=narrows)
        with self.database.transaction() as tx:
            (grant,) = grants.standing(tx, [grant_id])
        return grant

    def _close(self, tx: Transaction, grant_id: str, subscriber: Subscriber) -> Unavailable | None:
        """Wait for vanished senders, then close the queue; what fails must not keep the rest."""
        while (until := parcels.on_its_way_until(tx, grant_id, self.clock())) is not None:
            self.wait(min(max((until - self.clock()).total_seconds(), 0.0), 0.2))
        if subscriber.reads:
            try:
                self.administration.forbid(subscriber.name)
            except Unavailable as failure:
                return failure
        return None

    def _expire(self, row: Row) -> None:
        grant_id, version = row["grant_id"], row["version"]
        with self.database.transaction() as tx:
            fence.alone(tx, grant_id)
            now = self.clock()
            if standings.notice_expiry(tx, grant_id, version, now):
                subscriber = _subscriber(tx, row["subscriber"])
                fence.access(tx, subscriber.name)
                self._close(tx, grant_id, subscriber)
                recall.request(tx, subscriber.name, now, recall=True)
                clock = Operator(CLOCK)
                self._note(tx, clock, "grant-expired", grant_id, version, "its time is over", now)

    def _settle(self, only: str | None = None, *, closed: bool = False) -> int:
        with self.database.transaction() as tx:
            wanted = [r for r in recall.requested(tx) if only in (None, r.subscriber)]
            known = {r.subscriber: _subscriber(tx, r.subscriber) for r in wanted}
        for each in wanted:
            self.recaller.settle(known[each.subscriber], each, self.clock(), closed=closed)
        return len(wanted)

    def _authenticated(self, token: str | None, reason: str) -> Operator:
        with self.database.transaction() as tx:
            by = operators.authenticate(tx, token)
        _reasoned(reason)
        return by

    def _note(
        self,
        tx: Transaction,
        by: Operator,
        action: str,
        grant_id: str,
        version: int,
        reason: str,
        now: datetime,
    ) -> None:
        detail = {"version": version, "exchangeOperator": self.operator}
        audit.record(tx, Act(by.name, action, f"grant:{grant_id}", reason, detail), now)


def _next(
    tx: Transaction, grant_id: str, before: Grant | None, to: Standing, version: int | None
) -> int:
    """Which version the grant stands in afterwards; raise ``Declined`` if it may not come to it."""
    if version is not None:
        if before and before.version >= version:
            raise Declined("grant-outdated", "a later version is in force")
        if before and before.standing is not Standing.IN_FORCE:
            raise Declined("grant-restricted", f"the grant is {before.standing}")
        return version
    if before is None:
        versions = standings.versions(tx, grant_id)
        rule = "standing" if versions else "grant-unknown"
        raise Declined(rule, "no version of the grant was ever in force")
    allowed = {
        Standing.SUSPENDED: (Standing.IN_FORCE,),
        Standing.REVOKED: (Standing.IN_FORCE, Standing.SUSPENDED),
        Standing.IN_FORCE: (Standing.SUSPENDED,),
    }
    if before.standing not in allowed[to]:
        raise Declined("standing", f"the grant is {before.standing}")
    return before.version


def _standing(tx: Transaction, grant_id: str) -> Grant | None:
    return next(iter(grants.standing(tx, [grant_id])), None)


def _version(tx: Transaction, grant_id: str, version: int) -> Row:
    for row in standings.versions(tx, grant_id):
        if row["version"] == version:
            return row
    raise Declined("grant-unknown", "no such version of a grant of that name")


def _subscriber(tx: Transaction, name: str) -> Subscriber:
    subscriber = subscribers.find(tx, name)
    if subscriber is None:
        raise Declined("subscriber-unknown", "no subscriber of that name was entered")
    return subscriber


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise Declined("reason", "a reason must be given")
