"""The gate: whether a record may leave for a subscriber, decided by values alone (decree 5.1, 5.3).

Deny by default. The decision is of one moment: whoever acts on it holds the fence of the grant
that allows it (``hub.delivery.fence``) until the record has left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hub.delivery.grant import Grant, Standing
from hub.delivery.subscriber import Subscriber
from schemas.catalogue import record_class
from schemas.dates import BAKU
from schemas.envelope import Event
from schemas.essentials import essential_fields
from schemas.grant_document import clause

VersionKey = tuple[int, int, str]
"""Place of an operation in its source's order: version, rank of the operation, record id."""


class Reason(StrEnum):
    """Why a record was withheld or held; stable names."""

    TEST_MODE = "test-mode"
    NEWER_SENT = "newer-version-sent"
    NO_GRANT = "no-grant"
    OUTSIDE_SECTION_4 = "outside-section-4"
    REVOKED = "grant-revoked"
    SUSPENDED = "grant-suspended"
    NOT_YET_VALID = "grant-not-yet-valid"
    EXPIRED = "grant-expired"
    BELOW_USEFULNESS = "below-usefulness"
    OUTSIDE_HOURS = "outside-hours"
    VOLUME = "volume-reached"
    BLOCKED = "data-blocked"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the gate must know of a record: never its values.

    ``present`` are the JSON names of the fields it carries, empty where the operation carries no
    content (annul, restore); ``essential`` those without which it says nothing. Subject and fact
    key are made of these, so they must be allowed even where there is no content. ``blocked`` is
    the number of the request on which a person it tells of is blocked.
    """

    record_type: str
    clause: str
    version: VersionKey
    present: frozenset[str] = frozenset()
    essential: frozenset[str] = frozenset()
    test_mode: bool = False
    blocked: int | None = None

    @classmethod
    def of(cls, event: Event, blocked: int | None = None) -> Candidate:
        """Look at an event; raise ``Refused`` (``unknown-record``) for a type nobody knows."""
        known = record_class(event.record_type, event.record_version)
        return cls(
            record_type=event.record_type,
            clause=clause(known.category),
            version=(event.version, event.operation.rank, event.id),
            present=frozenset(event.data or ()),
            essential=essential_fields(known),
            test_mode=event.testmode,
            blocked=blocked,
        )


@dataclass(frozen=True, slots=True)
class Allow:
    """May leave, with these fields and no others (JSON names), under this grant version."""

    fields: frozenset[str]
    grant_id: str
    grant_version: int
    grant_entry: int = 1


@dataclass(frozen=True, slots=True)
class Withhold:
    """Must not leave; ``missing`` names the basis that is missing, in words."""

    reason: Reason
    missing: str
    grant_id: str | None = None
    grant_version: int | None = None
    grant_entry: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Must wait for a limit of the grant, and be decided anew at ``until`` (aware, UTC)."""

    reason: Reason
    until: datetime
    grant_id: str
    grant_version: int
    grant_entry: int = 1


Decision = Allow | Withhold | Hold


def decide(
    candidate: Candidate,
    subscriber: Subscriber,
    grants: Sequence[Grant],
    *,
    now: datetime,
    used: Mapping[str, int] | None = None,
    newest_sent: VersionKey | None = None,
) -> Decision:
    """Decide with the grants as they stand at ``now`` (aware).

    ``used`` counts the records that left today (Baku) under each grant id. ``newest_sent`` is the
    newest version of the same fact that was ever handed out to this subscriber.
    """
    if candidate.test_mode != subscriber.test_mode:
        return Withhold(Reason.TEST_MODE, _test_rule(subscriber))
    if candidate.blocked is not None:
        lifting = f"that request {candidate.blocked} of the person concerned is lifted"
        return Withhold(Reason.BLOCKED, lifting)
    if newest_sent is not None and newest_sent > candidate.version:
        return Withhold(Reason.NEWER_SENT, "a newer version of the fact was handed out before")
    answers = [
        _under(grant, candidate, (used or {}).get(grant.grant_id, 0), now)
        for grant in grants
        if grant.document.subscriber == subscriber.name
        and candidate.record_type in grant.document.records
        and grant.document.category == candidate.clause
    ]
    return min(answers, key=_preference, default=_without_basis(candidate))


def _under(grant: Grant, candidate: Candidate, used: int, now: datetime) -> Decision:
    """Decide by one grant that names the record."""
    named = _Named(grant, candidate)
    lapsed = lapse(grant, now)
    if lapsed is not None:
        return named.withhold(lapsed)
    allowed = grant.document.allowed(candidate.record_type)
    lacking = candidate.essential - allowed
    if lacking:
        return named.withhold(Reason.BELOW_USEFULNESS, f" for {', '.join(sorted(lacking))}")
    basis = (grant.grant_id, grant.version, grant.entry)
    hours = grant.document.hours
    opening = now if hours is None else hours.next_opening(now)
    if opening > now:
        return Hold(Reason.OUTSIDE_HOURS, opening, *basis)
    most = grant.document.records_per_day
    if most is not None and used >= most:
        return Hold(Reason.VOLUME, next_day(now), *basis)
    return Allow(allowed & candidate.present, *basis)


def lapse(grant: Grant, now: datetime) -> Reason | None:
    """Say why a grant is not in force at ``now`` (aware), None if it is."""
    match grant.standing:
        case Standing.REVOKED:
            return Reason.REVOKED
        case Standing.SUSPENDED:
            return Reason.SUSPENDED
    if now < grant.document.valid_from:
        return Reason.NOT_YET_VALID
    return Reason.EXPIRED if now >= grant.document.valid_until else None


@dataclass(frozen=True, slots=True)
class _Named:
    grant: Grant
    candidate: Candidate

    def withhold(self, reason: Reason, what: str = "") -> Withhold:
        missing = f"a grant in force for {self.candidate.record_type}{what}"
        return Withhold(reason, missing, self.grant.grant_id, self.grant.version, self.grant.entry)


def _without_basis(candidate: Candidate) -> Withhold:
    basis = f"a grant for {candidate.record_type} under {candidate.clause}"
    if candidate.clause.startswith("4."):
        return Withhold(Reason.NO_GRANT, basis)
    return Withhold(Reason.OUTSIDE_SECTION_4, f"{basis} that names its own act")


def _preference(decision: Decision) -> tuple[int, int, datetime, str]:
    """Order answers: what may leave before what must wait before what must stay.

    Never are two grants added up: each has a purpose of its own.
    """
    match decision:
        case Allow():
            return 0, -len(decision.fields), _BEGINNING, decision.grant_id
        case Hold():
            return 1, 0, decision.until, decision.grant_id
        case Withhold():
            return 2, _GRAVITY.index(decision.reason), _BEGINNING, decision.grant_id or ""


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_GRAVITY = (
    Reason.BELOW_USEFULNESS,
    Reason.SUSPENDED,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.REVOKED,
)


def _test_rule(subscriber: Subscriber) -> str:
    if subscriber.test_mode:
        return "a live subscription: this subscriber receives records marked as tests only"
    return "a test subscription: records marked as tests never reach live subscribers"


def next_day(now: datetime) -> datetime:
    """The beginning of the next day in Baku, in UTC."""
    tomorrow = now.astimezone(BAKU).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), BAKU).astimezone(UTC)
