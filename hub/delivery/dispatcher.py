"""The gate's effects: decide, log, send, note the result; the order is the promise.

Under the fences of the subscriber's grants, and in its turn: read how the grants stand now,
decide record by record, commit the decisions and what is about to leave, send, commit the
results. A crash at any place leaves a log that says more than was sent, never less; what was not
confirmed comes again, from the queue or out of custody, and is decided anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from hub.delivery import blocking, custody, disclosures, fence, grants, packing, parcels
from hub.delivery.custody import Due, Entry, Known, State
from hub.delivery.gate import Allow, Candidate, Decision, Hold, VersionKey, Withhold, decide
from hub.delivery.grant import Grant
from hub.delivery.handing import hand_over
from hub.delivery.packing import Allowed
from hub.delivery.parcels import Outcome, Packed
from hub.delivery.sender import Postponed, Sender
from hub.delivery.subscriber import Subscriber
from hub.store.database import Database, Transaction
from routing import retry
from routing.bus import NotConfirmed
from routing.observer import Observer
from routing.outcome import Park, Retry
from schemas.errors import Stop, Unavailable

if TYPE_CHECKING:
    from hub.tracing.tracing import Tracing

_log = structlog.get_logger()

Result = tuple[Packed, Outcome, Sequence[Entry]]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the gate decides by, as read under the fences."""

    grants: Mapping[str, Grant]
    known: Mapping[str, Known]
    newest: dict[str, VersionKey]
    used: Counter[str]
    blocked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Hands records to one subscriber, or does not. ``clock`` is asked under the fences.

    ``persons`` are the URN prefixes of identifiers of persons.
    """

    subscriber: Subscriber
    database: Database
    sender: Sender
    observer: Observer
    clock: Callable[[], datetime]
    persons: frozenset[str]
    policy: retry.Policy = field(default_factory=retry.Policy)
    tracing: Tracing | None = None

    def dispatch(self, records: Sequence[Due]) -> None:
        """See records through the gate; returns when for each there is a durable outcome.

        Raises ``Unavailable`` where the database or the endpoint is down; then records that were
        not confirmed are to be dispatched again. Each record may come any number of times.
        """
        if not records:
            return
        name = self.subscriber.name
        with self.database.transaction() as tx:
            grant_ids = grants.ids_of(tx, name)
        with fence.turn(self.database, name), fence.shared(self.database, grant_ids):
            now = self.clock()
            with self.database.transaction() as tx:
                packed = self._decide(tx, records, grant_ids, now)
            self._send_all(packed)

    def _decide(
        self, tx: Transaction, records: Sequence[Due], grant_ids: list[str], now: datetime
    ) -> list[Packed]:
        """Decide on every record that needs it, and commit to it."""
        name = self.subscriber.name
        known = custody.known(tx, name, [record.event.id for record in records])
        fresh = sorted(to_decide(records, known), key=_in_order)
        if not fresh:
            return []
        basis = Basis(
            grants={grant.grant_id: grant for grant in grants.standing(tx, grant_ids)},
            known=known,
            newest=custody.newest_sent(tx, name, (record.fact for record in fresh)),
            used=Counter(grants.used_today(tx, grant_ids, now)),
            blocked=blocking.keeping(tx, [each.event for each in fresh], self.persons),
        )
        before = Counter(basis.used)
        decided = [(record, self._by(record, basis, now)) for record in fresh]
        allowed = [
            packing.allow(record, decision, self.persons)
            for record, decision in decided
            if isinstance(decision, Allow)
        ]
        packed = packing.pack(self.subscriber.name, allowed, basis.grants)
        deadline = now + self.sender.patience * max(len(packed), 1)
        self._log(tx, decided, allowed, now)
        entries = [_kept_back(*each) for each in decided if not isinstance(each[1], Allow)]
        entries += [_leaving(record, each, deadline) for each in packed for record in each.records]
        custody.put(tx, name, entries, now)
        grants.use(tx, basis.used - before, now)
        parcels.start(tx, packed, now, deadline)
        return packed

    def _by(self, record: Due, basis: Basis, now: datetime) -> Decision:
        """Ask the gate, and count what it allows against the limits of the batch's rest."""
        known = basis.known.get(record.event.id)
        counted = known.grant if known else None
        used = basis.used - Counter({counted[0]: 1}) if counted else basis.used
        decision = decide(
            Candidate.of(record.event, basis.blocked.get(record.event.id)),
            self.subscriber,
            tuple(basis.grants.values()),
            now=now,
            used=used,
            newest_sent=basis.newest.get(record.fact),
        )
        if isinstance(decision, Allow):
            basis.newest[record.fact] = record.version
            if counted != (decision.grant_id, decision.grant_version):
                basis.used[decision.grant_id] += 1
        return decision

    def _log(
        self,
        tx: Transaction,
        decided: Sequence[tuple[Due, Decision]],
        allowed: Sequence[Allowed],
        now: datetime,
    ) -> None:
        logged = [packing.logged(each, self.subscriber) for each in allowed]
        logged += [
            packing.refused(record, decision, self.subscriber)
            for record, decision in decided
            if not isinstance(decision, Allow)
        ]
        disclosures.write(tx, logged, now)
        for (verdict, reason), count in Counter((d.verdict, d.reason) for d in logged).items():
            self.observer.count(
                "outbound_decided",
                count,
                subscriber=self.subscriber.name,
                verdict=verdict,
                reason=reason or "",
            )

    def _send_all(self, packed: Sequence[Packed]) -> None:
        """Send in order, and note what became of it, also where the endpoint fails half-way."""
        results: list[Result] = []
        try:
            for each in packed:
                results.append(self._send(each))  # noqa: PERF401 - kept if a later one fails
        except Unavailable as outage:
            failed, *unsent = packed[len(results) :]
            results += [(each, Outcome.NOT_SENT, ()) for each in unsent]
            # What was not confirmed may still arrive: it is on its way until its deadline.
            if not isinstance(outage, NotConfirmed):
                results.append((failed, Outcome.UNAVAILABLE, ()))
            raise
        finally:
            self._note(results)

    def _send(self, packed: Packed) -> Result:
        now = self.clock()
        if now >= packed.valid_until:
            again = [_again(record, now, record.attempts) for record in packed.records]
            return packed, Outcome.NOT_SENT, [_under(packed, entry) for entry in again]
        try:
            hand_over(self.sender, packed, now, self.tracing)
        except (Unavailable, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - its type says what becomes of the records
            return self._failed(packed, error, now)
        delivered = [_delivered(record, packed) for record in packed.records if record.stored]
        return packed, Outcome.DELIVERED, delivered

    def _failed(self, packed: Packed, error: Exception, now: datetime) -> Result:
        _log.warning(
            "parcel not taken",
            subscriber=self.subscriber.name,
            delivery_id=packed.parcel.delivery_id,
            cause=type(error).__name__,
        )
        set_aside = (self.set_aside(record, error, now) for record in packed.records)
        entries = [_under(packed, entry) for entry in set_aside]
        parked = any(entry.state is State.PARKED for entry in entries)
        return packed, Outcome.REFUSED if parked else Outcome.POSTPONED, entries

    def set_aside(self, record: Due, error: Exception, now: datetime) -> Entry:
        """Decide what becomes of a record that failed: wait, or wait for a person."""
        match retry.decide(error, record.attempts, self.policy, record.event.id):
            case Retry() as again:
                asked = error.seconds if isinstance(error, Postponed) else None
                wait = timedelta(seconds=again.rung.seconds if asked is None else asked)
                return _again(record, now + wait, again.attempts)
            case Park() as park:
                return _parked(record, park.cause)
            case _:
                return _parked(record, type(error).__name__)

    def _note(self, results: Sequence[Result]) -> None:
        now = self.clock()
        with self.database.transaction() as tx:
            parcels.end(tx, [(packed, outcome) for packed, outcome, _ in results], now)
            entries = [entry for _, _, of_parcel in results for entry in of_parcel]
            custody.put(tx, self.subscriber.name, entries, now)
        for packed, outcome, _ in results:
            self.observer.count(
                "outbound_sent",
                len(packed.records),
                subscriber=self.subscriber.name,
                outcome=outcome,
            )


def to_decide(records: Sequence[Due], known: Mapping[str, Known]) -> list[Due]:
    """Leave out what is settled, what waits in custody, and repeats."""
    wanted: dict[str, Due] = {}
    for record in records:
        found = known.get(record.event.id)
        settled = found is not None and found.state is State.SENT and found.delivered
        waits = found is not None and found.state in (State.HELD, State.RETRYING, State.PARKED)
        if not settled and (record.stored or not waits):
            wanted.setdefault(record.event.id, record)
    return list(wanted.values())


def _in_order(record: Due) -> tuple[str, VersionKey]:
    """A fact's versions in order; types apart, so that few parcels hold them."""
    return record.event.record_type, record.version


def _kept_back(record: Due, decision: Decision) -> Entry:
    match decision:
        case Hold():
            return Entry(
                record,
                State.HELD,
                decision.reason,
                decision.grant_id,
                decision.grant_version,
                attempts=record.attempts,
                due=decision.until,
                keep=True,
            )
        case Withhold():
            return Entry(
                record, State.WITHHELD, decision.reason, decision.grant_id, decision.grant_version
            )
        case Allow():
            raise AssertionError("what is allowed is not kept back")


def _leaving(record: Due, packed: Packed, deadline: datetime) -> Entry:
    """What comes from the queue comes again from there; what was in custody stays until sent."""
    due, state = (deadline, State.RETRYING) if record.stored else (None, State.SENT)
    entry = Entry(record, state, attempts=record.attempts, due=due, keep=record.stored)
    return _under(packed, entry)


def _delivered(record: Due, packed: Packed) -> Entry:
    return _under(packed, Entry(record, State.SENT, attempts=record.attempts))


def _under(packed: Packed, entry: Entry) -> Entry:
    """Name the parcel a record was in, and the grant of that."""
    parcel = packed.parcel
    return replace(
        entry,
        grant_id=parcel.grant_id,
        grant_version=parcel.grant_version,
        delivery_id=parcel.delivery_id,
    )


def _again(record: Due, due: datetime, attempts: int) -> Entry:
    return Entry(record, State.RETRYING, attempts=attempts, due=due, keep=True)


def _parked(record: Due, cause: str) -> Entry:
    return Entry(record, State.PARKED, cause, attempts=record.attempts + 1, keep=True)
