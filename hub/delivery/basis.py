"""What the gate decides a batch by, as read under the fences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.delivery import blocking, custody, grants
from hub.delivery.custody import Due, Known
from hub.delivery.gate import Allow, Candidate, Decision, VersionKey, decide
from hub.delivery.grant import Grant
from hub.delivery.subscriber import Subscriber
from hub.store.database import Transaction

Alike = tuple[str, bool, tuple[str, ...]]


@dataclass(slots=True)
class Basis:
    """How a subscriber's grants stand at ``now`` (aware), and what it was handed before.

    ``used`` is how much left under each grant today, ``taken`` what of that this batch takes;
    unless a grant is ``limited`` by the day, nobody asks what left before.
    """

    subscriber: Subscriber
    now: datetime
    grants: Mapping[str, Grant]
    known: Mapping[str, Known]
    newest: dict[str, VersionKey]
    blocked: Mapping[str, int]
    limited: bool
    used: Counter[str]
    taken: Counter[str] = field(default_factory=Counter)
    _alike: dict[Alike, Decision] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        tx: Transaction,
        subscriber: Subscriber,
        records: Sequence[Due],
        known: Mapping[str, Known],
        grant_ids: list[str],
        persons: frozenset[str],
        now: datetime,
    ) -> Basis:
        """Read what decides on some records; ``persons`` as for ``blocking.keeping``."""
        standing = {grant.grant_id: grant for grant in grants.standing(tx, grant_ids)}
        limited = any(grant.document.records_per_day for grant in standing.values())
        return cls(
            subscriber=subscriber,
            now=now,
            grants=standing,
            known=known,
            newest=custody.newest_sent(tx, subscriber.name, (each.fact for each in records)),
            blocked=blocking.keeping(tx, [each.event for each in records], persons),
            limited=limited,
            used=Counter(grants.used_today(tx, grant_ids, now) if limited else ()),
        )

    def decide(self, record: Due) -> Decision:
        """Ask the gate, and count what it allows against the limits of the batch's rest.

        Records that differ in nothing the gate looks at get one decision, the same object.
        """
        event, newest = record.event, self.newest.get(record.fact)
        blocked = self.blocked.get(event.id)
        overtaken = newest is not None and newest > record.version
        if self.limited or overtaken or blocked is not None:
            decision = self._ask(Candidate.of(event, blocked), self._used_without(event.id), newest)
        else:
            alike = event.type, event.testmode, tuple(event.data or ())
            if alike not in self._alike:
                self._alike[alike] = self._ask(Candidate.of(event), self.used, None)
            decision = self._alike[alike]
        if isinstance(decision, Allow):
            self._count(record, decision)
        return decision

    def _ask(
        self, candidate: Candidate, used: Mapping[str, int], newest: VersionKey | None
    ) -> Decision:
        grants = tuple(self.grants.values())
        now, subscriber = self.now, self.subscriber
        return decide(candidate, subscriber, grants, now=now, used=used, newest_sent=newest)

    def _used_without(self, record_id: str) -> Mapping[str, int]:
        """What a record was counted for when it was handed out before is not counted against it."""
        found = self.known.get(record_id)
        return self.used - Counter([found.grant[0]]) if found and found.grant else self.used

    def _count(self, record: Due, decision: Allow) -> None:
        self.newest[record.fact] = record.version
        found = self.known.get(record.event.id)
        if found is None or found.grant != (decision.grant_id, decision.grant_version):
            self.used[decision.grant_id] += 1
            self.taken[decision.grant_id] += 1
