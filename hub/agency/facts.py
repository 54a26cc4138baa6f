"""Facts entered by staff (decree 2.11): a source of its own, on the path that ministries' take.

An entry, its expiry and its withdrawal are each a message in the journal, with its record in the
record log, before anything is published; what could not be published the relay publishes. So the
ledger counts them, the desk shows them, and whoever rebuilds the registry finds them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from connectors._kit.contract import RawMessage, Rules
from connectors._staff import dialect
from hub.agency import fact_register as register
from hub.agency.fact_register import Entry, FactState
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.operators import Operator
from hub.evidence.sealing import Keyring
from hub.evidence.viewing import pseudonym
from hub.intake.admission import admit
from hub.intake.arrival import Arrived
from hub.intake.publishing import canonical_messages
from hub.intake.reading import read_records
from hub.store.database import Database, Transaction
from routing.bus import Publisher, Unroutable
from routing.keys import LANES
from routing.message import CHANNEL
from schemas.envelope import Channel, Event, Operation
from schemas.errors import Unavailable
from schemas.identifiers import Identifier
from schemas.staff_fact import ENTERED_BY, LegalEntityStatement, PersonStatement, StaffFact

_log = structlog.get_logger()
CLOCK = "clock"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to enter. It holds ``since`` then (aware; None: from now on) and
    ``expires_at`` then, if ever. ``authority`` is the act or decision that allows it."""

    about: Identifier
    statement: PersonStatement | LegalEntityStatement
    authority: str
    purpose: str
    evidence: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Enters, decides on, withdraws and ends facts. ``four_eyes``: another operator decides.

    Every verb of an operator's raises ``Declined`` (``not-authenticated``, ``operator-masked``)
    and ``Unavailable`` where the database does not answer. A broker that does not answer keeps
    nothing from being entered: it is written to the registry when the broker is there again.
    """

    database: Database
    publisher: Publisher
    clock: Callable[[], datetime]
    rules: Rules = field(default_factory=Rules)
    keyring: Keyring = field(default_factory=Keyring)
    four_eyes: bool = True

    def enter(self, token: str | None, draft: Draft) -> Entry:
        """Enter a fact, or with four eyes propose it.

        Raises ``Declined``: ``fact-times``, ``fact-said``, and for what a record may not hold
        ``fact-authority``, ``fact-purpose``.
        """
        now = self.clock()
        with self.database.transaction() as tx:
            by = operators.authenticate_for_persons(tx, token)
            _checked(draft, now)
            fact = _fact(draft, register.number(tx), by)
            register.free(tx, fact)
            state = FactState.PROPOSED if self.four_eyes else FactState.IN_FORCE
            since = draft.since or now
            entry = Entry(int(fact.fact), fact, since, draft.expires_at, state, by.name)
            register.add(tx, entry, now)
            _note(tx, by.name, f"fact-{'proposed' if self.four_eyes else 'entered'}", entry, now)
            events = [] if self.four_eyes else self._admit(tx, entry, Operation.CREATE, since, now)
        self._publish(events, now)
        return entry

    def decide(self, token: str | None, fact_id: int, *, approve: bool, reason: str) -> None:
        """Put a proposed fact in force, or reject it.

        Raises ``Declined``: ``fact-unknown``, ``fact-state``, ``four-eyes``, ``reason-missing``,
        ``fact-times`` where its time is over before it began.
        """
        now, events = self.clock(), list[Event]()
        with self.database.transaction() as tx:
            by = operators.authenticate_for_persons(tx, token)
            _reasoned(reason)
            entry = register.find(tx, fact_id, FactState.PROPOSED)
            if self.four_eyes and by.may_be(operators.named(tx, entry.entered_by)):
                raise Declined("four-eyes", "another person decides than the one who entered it")
            fact = entry.fact.model_copy(update={"approved_by": by.name})
            if approve:
                if entry.expires_at and entry.expires_at <= now:
                    raise Declined("fact-times", "its time is over; reject it")
                stands = replace(entry, fact=fact)
                register.decided(tx, entry, fact, FactState.IN_FORCE, by.name, now)
                events = self._admit(tx, stands, Operation.CREATE, entry.since, now)
            else:
                register.decided(tx, entry, entry.fact, FactState.REJECTED, by.name, now)
            _note(tx, by.name, f"fact-{'approved' if approve else 'rejected'}", entry, now, reason)
        self._publish(events, now)

    def withdraw(self, token: str | None, fact_id: int, reason: str) -> None:
        """Take back a fact that should not have been entered, or a proposal; one person may.

        In the registry it was never so, as far as is known from now on; what was known before
        stays known. Raises ``Declined``: ``fact-unknown``, ``fact-state``, ``reason-missing``.
        """
        now, events = self.clock(), list[Event]()
        with self.database.transaction() as tx:
            by = operators.authenticate_for_persons(tx, token)
            _reasoned(reason)
            entry = register.find(
                tx, fact_id, FactState.PROPOSED, FactState.IN_FORCE, FactState.EXPIRED
            )
            if entry.state is not FactState.PROPOSED:
                events = self._admit(tx, entry, Operation.ANNUL, now, now)
            register.ended(tx, entry, FactState.WITHDRAWN, by.name, now)
            _note(tx, by.name, "fact-withdrawn", entry, now, reason)
        self._publish(events, now)

    def expire(self) -> int:
        """End the facts whose time is over, from that time on; return how many."""
        now = self.clock()
        with self.database.transaction() as tx:
            over = register.due(tx, now, _AT_ONCE)
            events = [event for entry in over for event in self._expire(tx, entry, now)]
        self._publish(events, now)
        return len(over)

    def close(self) -> None:
        """Close the connections to broker and database."""
        self.publisher.close()
        self.database.close()

    def _expire(self, tx: Transaction, entry: Entry, now: datetime) -> Sequence[Event]:
        ended = entry.expires_at or now
        over = entry.fact.model_copy(update={"ended_at": ended})
        stands = replace(entry, fact=over)
        register.ended(tx, entry, FactState.EXPIRED, CLOCK, now)
        _note(tx, CLOCK, "fact-expired", entry, now, "its time is over")
        return self._admit(tx, stands, Operation.CHANGE, ended, now)

    def _admit(
        self, tx: Transaction, entry: Entry, operation: Operation, at: datetime, now: datetime
    ) -> list[Event]:
        """Keep an operation as a ministry's message is kept; return what is to be published."""
        arrived = _arrived(entry, operation, at, now)
        records = read_records(arrived, {}, self.rules)
        for held in records:
            if held.refusal or held.broken:
                rule = held.refusal.rule if held.refusal else str(held.broken)
                raise Declined("fact-unreadable", rule)
        (admitted,) = admit(tx, [(arrived, records)], now, self.keyring)
        return list(admitted.publish)

    def _publish(self, events: Sequence[Event], now: datetime) -> None:
        """Publish what is committed; what the broker does not take the relay brings later."""
        if not events:
            return
        messages = canonical_messages([(LANES[0], e) for e in events], now, most=_AT_ONCE)
        try:
            self.publisher.publish(messages)
        except (Unavailable, Unroutable) as failure:
            _log.warning("facts wait for the relay", count=len(events), cause=str(failure))


def _checked(draft: Draft, now: datetime) -> None:
    since = draft.since or now
    if since > now:
        raise Declined("fact-times", "it cannot hold from a later time on than now")
    if draft.expires_at is not None and draft.expires_at <= now:
        raise Declined("fact-times", "it would be over already")
    for name in ("authority", "purpose"):
        if not getattr(draft, name).strip():
            raise Declined(f"fact-{name}", "say on what authority and for what purpose")


def _fact(draft: Draft, number: int, by: Operator) -> StaffFact:
    said = draft.statement
    return StaffFact(
        identifier=draft.about,
        fact=str(number),
        person=said if isinstance(said, PersonStatement) else None,
        legal_entity=said if isinstance(said, LegalEntityStatement) else None,
        authority=draft.authority,
        purpose=draft.purpose,
        evidence=draft.evidence,
        entered_by=by.name,
        expires_at=draft.expires_at,
    )


def _arrived(entry: Entry, operation: Operation, at: datetime, now: datetime) -> Arrived:
    body = dialect.written(operation, at, entry.fact)
    raw = RawMessage(
        ministry=ENTERED_BY,
        message_id=f"fact-{entry.fact_id}-{operation}",
        content_type=dialect.CONTENT_TYPE,
        body=body,
        received_at=now,
        headers={CHANNEL: Channel.STAFF},
    )
    digest = hashlib.sha256(body).hexdigest()
    return Arrived(raw, LANES[0], digest, entry.entered_by, derived_id=False, refusal=None)


def _note(
    tx: Transaction, by: str, action: str, entry: Entry, now: datetime, reason: str | None = None
) -> None:
    fact = entry.fact
    detail = {"about": pseudonym(tx, fact.subject), "fields": sorted(fact.said)}
    act = Act(
        actor=by,
        action=action,
        object=f"fact:{entry.fact_id}",
        reason=reason or fact.purpose,
        detail=detail,
        basis=fact.authority,
    )
    audit.record(tx, act, now)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise Declined("reason-missing", "say why")
