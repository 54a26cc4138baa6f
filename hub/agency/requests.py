"""Requests of persons concerned: opened, forwarded to the source, granted, refused, lifted.

The Agency corrects no ministry's record: a rectification is forwarded to the source, and granted
when the source has corrected it or staff has entered what was missing (``hub.agency.facts``). A
blocking that is granted keeps everything that tells of the person from leaving, from that moment
until it is lifted (``hub.delivery.blocking``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from hub.agency import request_register as register
from hub.agency.request_register import Request, RequestKind, RequestState, Step
from hub.delivery import blocking
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.operators import Operator
from hub.evidence.viewing import pseudonym
from hub.store.database import Transaction

_OPEN = (RequestState.REQUESTED, RequestState.FORWARDED)


@dataclass(frozen=True, slots=True)
class Requests:
    """Works on requests in one transaction, for whoever holds ``token``.

    ``four_eyes``: who decides is another person than the one who opened it, and who lifts a block
    another than the one who granted it. Every verb raises ``Declined``: ``not-authenticated``,
    ``operator-masked``, ``request-unknown``, ``request-state``, ``reason-missing``, ``four-eyes``.
    """

    tx: Transaction
    token: str | None
    now: datetime
    four_eyes: bool = True
    sources: Collection[str] = field(default_factory=tuple)

    def open(self, kind: RequestKind, subject: str, asks: str) -> Request:
        """Keep what a person (URN) asks for; also raises ``Declined`` (``request-asks``)."""
        by = operators.authenticate_for_persons(self.tx, self.token)
        if not asks.strip():
            raise Declined("request-asks", "say what is asked for")
        made = register.add(self.tx, kind, subject, asks.strip(), by.name, self.now)
        self._note(by, made, "opened", None)
        return made

    def forward(self, request_id: int, source: str, reason: str) -> None:
        """Note that the source was told, which alone can correct its record.

        Also raises ``Declined`` (``request-source``, ``request-kind``).
        """
        by, request = self._taken(request_id, reason, *_OPEN)
        if request.kind is not RequestKind.RECTIFICATION:
            raise Declined("request-kind", "a blocking is decided here")
        if source not in self.sources:
            raise Declined("request-source", f"one of: {', '.join(sorted(self.sources))}")
        self._move(by, request, Step(RequestState.FORWARDED, by.name, reason, source))

    def grant(self, request_id: int, reason: str) -> None:
        """Grant a request; a blocking is in force when this is committed."""
        by, request = self._taken(request_id, reason, *_OPEN)
        self._another(by, request.opened_by)
        if request.kind is RequestKind.BLOCKING:
            blocking.wait_for_senders(self.tx)
        self._move(by, request, Step(RequestState.GRANTED, by.name, reason))

    def refuse(self, request_id: int, reason: str) -> None:
        """Refuse a request, and say why."""
        by, request = self._taken(request_id, reason, *_OPEN)
        self._another(by, request.opened_by)
        self._move(by, request, Step(RequestState.REFUSED, by.name, reason))

    def lift(self, request_id: int, reason: str) -> None:
        """End a blocking. What was withheld meanwhile is not sent by itself: a backfill offers
        it again."""
        by, request = self._taken(request_id, reason, RequestState.GRANTED)
        if request.kind is not RequestKind.BLOCKING:
            raise Declined("request-kind", "only a blocking can be lifted")
        granted = register.steps(self.tx, request_id)[-1]["by"]
        self._another(by, granted)
        self._move(by, request, Step(RequestState.LIFTED, by.name, reason))

    def _taken(
        self, request_id: int, reason: str, *allowed: RequestState
    ) -> tuple[Operator, Request]:
        by = operators.authenticate_for_persons(self.tx, self.token)
        if not reason.strip():
            raise Declined("reason-missing", "say why")
        request = register.take(self.tx, request_id)
        if request.state not in allowed:
            raise Declined("request-state", f"the request is {request.state}")
        return by, request

    def _another(self, by: Operator, first: str) -> None:
        if self.four_eyes and by.may_be(operators.named(self.tx, first)):
            raise Declined("four-eyes", f"another person decides than {first}")

    def _move(self, by: Operator, request: Request, step: Step) -> None:
        register.move(self.tx, request, step, self.now)
        self._note(by, request, step.state, step)

    def _note(self, by: Operator, request: Request, what: str, step: Step | None) -> None:
        """Write down that it was done; why is kept with the step, since it may name anything."""
        detail = {"kind": request.kind, "about": pseudonym(self.tx, request.subject)}
        if step and step.source:
            detail["source"] = step.source
        act = Act(by.name, f"request-{what}", f"request:{request.request_id}", detail=detail)
        audit.record(self.tx, act, self.now)
