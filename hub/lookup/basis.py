"""What a lookup is decided by, and what is decided. Pure; ``hub.delivery.gate`` is the judge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.delivery.gate import Allow, Candidate, Decision, Hold, Reason, Withhold, decide
from hub.delivery.grant import Grant
from hub.delivery.minimising import minimised, persons_named
from hub.delivery.subscriber import Subscriber
from schemas.catalogue import records
from schemas.envelope import Event
from schemas.errors import Refused
from schemas.essentials import essential_fields
from schemas.grant_document import clause


class LimitReached(Refused):
    """A limit of the grant; the next request is welcome after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__("limit-reached", "", "a limit of the grant is reached; come again later")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Reduced:
    """A record that may leave, as it leaves, and the persons (URNs) it tells of."""

    event: Event
    decision: Allow
    content: Mapping[str, Any]
    persons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Basis:
    """How a subscriber's grants stand at ``now`` (aware), and how much left under each today."""

    subscriber: Subscriber
    grants: Sequence[Grant]
    used: Mapping[str, int]
    now: datetime

    def beforehand(self, record_types: Iterable[str]) -> Mapping[str, Decision]:
        """Decide on types of records before any is read: by what each of them must have."""
        return {each: self._decide(_any_of(each), self.used) for each in record_types}

    def reduce(
        self, events: Iterable[Event], persons: frozenset[str], blocked: Mapping[str, int]
    ) -> list[Reduced] | Hold | Withhold:
        """Reduce records to what may leave of them; all leave or, at a limit, none does.

        ``blocked`` tells which events (ids) tell of somebody who is blocked, and on which request.
        Where that alone keeps all of it back, that is the answer.
        """
        used, found, kept = Counter(self.used), list[Reduced](), list[Withhold]()
        for event in events:
            decision = self._decide(Candidate.of(event, blocked.get(event.id)), used)
            if isinstance(decision, Hold):
                return decision
            if isinstance(decision, Withhold) and decision.reason is Reason.BLOCKED:
                kept.append(decision)
            if isinstance(decision, Allow):
                used[decision.grant_id] += 1
                content = minimised(event, decision.fields, decision.grant_id)
                named = persons_named(content, persons)
                found.append(Reduced(event, decision, content, named))
        return kept[0] if kept and not found else found

    def until(self, found: Iterable[Reduced]) -> datetime:
        """Tell when the first of the grants ends that some records leave under."""
        relied_on = {each.decision.grant_id for each in found}
        return min(g.document.valid_until for g in self.grants if g.grant_id in relied_on)

    def _decide(self, candidate: Candidate, used: Mapping[str, int]) -> Decision:
        return decide(candidate, self.subscriber, self.grants, now=self.now, used=used)


def allowed(decisions: Mapping[str, Decision]) -> frozenset[str]:
    """Name the types of records that may be read."""
    return frozenset(name for name, each in decisions.items() if isinstance(each, Allow))


def decisive(decisions: Iterable[Decision]) -> Withhold | Hold:
    """Choose what a refusal rests on: rather a limit that passes than a basis that is missing."""
    kept = [each for each in decisions if not isinstance(each, Allow)]
    held = [each for each in kept if isinstance(each, Hold)]
    if held:
        return min(held, key=lambda each: each.until)
    missing = [each for each in kept if isinstance(each, Withhold)]
    return min(missing, key=_by_grant, default=_WITHOUT_ANY)


def refusal(decision: Withhold | Hold, now: datetime) -> Refused:
    """Say no, and nothing about whether anybody is known under the number; only who has a basis
    for the data is told that they are blocked."""
    if isinstance(decision, Hold):
        return LimitReached(max(1, math.ceil((decision.until - now).total_seconds())))
    if decision.reason is Reason.BLOCKED:
        return Refused("data-blocked", "", "blocked at the request of the person concerned")
    return Refused("no-basis", "", "no grant in force allows what is asked for")


_WITHOUT_ANY = Withhold(Reason.NO_GRANT, "a grant for what is asked for")


def _any_of(record_type: str) -> Candidate:
    """Any record of a type: with the fields that none is without, of no version in particular."""
    known = records()[record_type]
    essential = essential_fields(known)
    return Candidate(record_type, clause(known.category), (0, 0, ""), essential, essential)


def _by_grant(decision: Withhold) -> tuple[bool, str, str]:
    return decision.grant_id is None, decision.grant_id or "", decision.missing
