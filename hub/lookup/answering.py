"""Answering a lookup: decided, logged and committed before a byte of the answer leaves.

The order is that of deliveries. Under the fences of the subscriber's grants: read how they stand
now, decide which records may be read at all, read those, decide on each, log, commit. The fences
stay until whoever asked has the answer. What a refusal says does not depend on whether anybody
is known under the number: without a basis the registry is not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import orjson

from hub.delivery import blocking, fence, grants, subscribers
from hub.delivery.gate import Hold, Withhold
from hub.delivery.subscriber import Channel, Subscriber
from hub.lookup.basis import Basis, allowed, decisive, refusal
from hub.lookup.question import Question
from hub.lookup.trace import Trace
from hub.registry import about
from hub.store.database import Database, Transaction
from routing.observer import Observer
from schemas.envelope import Event
from schemas.errors import Refused


@dataclass(frozen=True, slots=True)
class Answer:
    """A batch of reduced records (JSON), or a refusal; ``lookup_id`` names it in the logs.

    ``until`` (aware) is when the first grant it rests on ends: it must have left before.
    """

    lookup_id: str
    body: bytes = b""
    refusal: Refused | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers lookups. ``persons`` are the URN prefixes of identifiers of persons; ``new_id``
    draws 32 hex digits: every lookup is an event of its own."""

    persons: frozenset[str]
    most_records: int
    observer: Observer
    clock: Callable[[], datetime]
    new_id: Callable[[], str]

    @contextmanager
    def answer(self, database: Database, reader: str, question: Question) -> Iterator[Answer]:
        """Give the answer, logged and committed; the grants are fenced until the block ends.

        ``database`` is used by nobody else meanwhile. Raises as ``Database.transaction``; then
        nothing may leave.
        """
        with database.transaction() as tx:
            grant_ids = grants.ids_of(tx, reader)
        with fence.shared(database, grant_ids):
            with database.transaction() as tx:
                basis = _basis(tx, reader, grant_ids, self.clock())
                answer = self._answer(tx, Trace(self.new_id(), question, basis))
            outcome = answer.refusal.rule if answer.refusal else "answered"
            self.observer.count("lookups", subscriber=reader, outcome=outcome)
            yield answer

    def _answer(self, tx: Transaction, trace: Trace) -> Answer:
        basis, question = trace.basis, trace.question
        wanted = basis.beforehand(question.record_types)
        ways = basis.beforehand(about.document_types()) if question.by_document else wanted
        if not allowed(wanted) or not allowed(ways):
            lacking = wanted if allowed(ways) else ways
            return _kept_back(tx, trace, decisive(lacking.values()))
        events = self._read(tx, question, allowed(wanted), allowed(ways))
        if len(events) > self.most_records:
            return _empty(tx, trace, self._too_many())
        found = basis.reduce(events, self.persons, blocking.keeping(tx, events, self.persons))
        if isinstance(found, Hold | Withhold):
            return _kept_back(tx, trace, found)
        if not found:
            return _empty(tx, trace, _NOTHING)
        trace.disclosed(tx, found)
        grants.use(tx, Counter(each.decision.grant_id for each in found), basis.now)
        body = orjson.dumps([each.content for each in found])
        return Answer(trace.lookup_id, body, until=basis.until(found))

    def _read(
        self, tx: Transaction, question: Question, wanted: frozenset[str], ways: frozenset[str]
    ) -> list[Event]:
        subject = question.urn
        if question.by_document:
            holders = about.holders(tx, subject, ways)
            if len(holders) != 1:  # two holders of one number are a mistake, not an answer
                return []
            (subject,) = holders
        subjects = about.members_with(tx, subject)
        return about.standing_records(tx, subjects, wanted, self.most_records)

    def _too_many(self) -> Refused:
        explanation = f"more than {self.most_records} records; ask for fewer types of them"
        return Refused("too-many-records", "records", explanation)


_NOTHING = Refused("nothing-found", "", "nothing is known that your grants allow")


def _basis(tx: Transaction, reader: str, grant_ids: list[str], now: datetime) -> Basis:
    """Read what decides; a reader nobody has entered as a subscriber has no grants either."""
    subscriber = subscribers.find(tx, reader) or Subscriber(reader, reader, Channel.LOOKUP)
    used = grants.used_today(tx, grant_ids, now)
    return Basis(subscriber, grants.standing(tx, grant_ids), used, now)


def _kept_back(tx: Transaction, trace: Trace, decision: Withhold | Hold) -> Answer:
    refused = refusal(decision, trace.basis.now)
    trace.kept_back(tx, decision, refused.rule)
    return Answer(trace.lookup_id, refusal=refused)


def _empty(tx: Transaction, trace: Trace, refused: Refused) -> Answer:
    trace.empty(tx, refused.rule)
    return Answer(trace.lookup_id, refusal=refused)
