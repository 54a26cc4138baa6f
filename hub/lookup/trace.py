"""What a lookup leaves behind: a line in the disclosure log for each record, or for its refusal,
and one act in the audit. Written in the transaction that decides, so before anything leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hub.delivery import disclosures
from hub.delivery.disclosures import Disclosure, Ruling, Verdict
from hub.delivery.gate import Hold, Withhold
from hub.delivery.subscriber import Channel
from hub.evidence import audit
from hub.evidence.audit import Act
from hub.lookup.basis import Basis, Reduced
from hub.lookup.question import Question
from hub.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of one lookup, whose id (32 hex digits) is its own."""

    lookup_id: str
    question: Question
    basis: Basis

    def disclosed(self, tx: Transaction, found: Sequence[Reduced]) -> None:
        """Log records that are about to leave."""
        disclosures.write(tx, [self._line(each) for each in found], self.basis.now)
        used = {f"{each.decision.grant_id}/{each.decision.grant_version}" for each in found}
        self._act(tx, "answered", ", ".join(sorted(used)), len(found))

    def kept_back(self, tx: Transaction, decision: Withhold | Hold, outcome: str) -> None:
        """Log that nothing leaves, and which basis is missing or which limit is reached."""
        withheld = isinstance(decision, Withhold)
        ruling = Ruling(
            subscriber=self.basis.subscriber.name,
            verdict=Verdict.WITHHELD if withheld else Verdict.HELD,
            record_type=self.question.entity,
            ministry="",
            channel=Channel.LOOKUP,
            grant_id=decision.grant_id,
            grant_version=decision.grant_version,
            grant_entry=decision.grant_entry,
            reason=decision.reason,
            missing=decision.missing if isinstance(decision, Withhold) else None,
        )
        disclosures.write(tx, [Disclosure(ruling, self.lookup_id)], self.basis.now)
        self._act(tx, outcome)

    def empty(self, tx: Transaction, outcome: str) -> None:
        """Note that nothing was found that could leave."""
        self._act(tx, outcome)

    def _line(self, found: Reduced) -> Disclosure:
        """The lookup in ``reason`` makes a line for each time the record is looked up."""
        ruling = Ruling(
            subscriber=self.basis.subscriber.name,
            verdict=Verdict.ALLOWED,
            record_type=found.event.record_type,
            ministry=found.event.ministry,
            channel=Channel.LOOKUP,
            grant_id=found.decision.grant_id,
            grant_version=found.decision.grant_version,
            grant_entry=found.decision.grant_entry,
            reason=f"lookup:{self.lookup_id}",
            fields=sorted(found.decision.fields),
        )
        return Disclosure(ruling, found.event.id, found.persons)

    def _act(self, tx: Transaction, outcome: str, basis: str | None = None, count: int = 0) -> None:
        """Who asked, why, on what basis, with what outcome; about whom, as a hash."""
        about = hashlib.sha256(self.question.urn.encode()).hexdigest()
        act = Act(
            actor=f"subscriber:{self.basis.subscriber.name}",
            action="looked-up",
            object=f"lookup:{self.lookup_id}",
            reason=self.question.purpose,
            basis=basis,
            outcome=outcome,
            detail={"entity": self.question.entity, "sha256": about, "records": count},
        )
        audit.record(tx, act, self.basis.now)
