"""The gate's effects: decide, log, send, note the result; the order is the promise.

Under the fences of the subscriber's grants, and in its turn: read how the grants stand now,
decide record by record, commit the decisions and what is about to leave, send, commit the
results. A crash at any place leaves a log that says more than was sent, never less; what was not
confirmed comes again, from the queue or out of custody, and is decided anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from hub.delivery import custody, disclosures, fence, grants, packing, parcels
from hub.delivery.basis import Basis
from hub.delivery.custody import Due, Entry, Known, Place, State
from hub.delivery.disclosures import Disclosure
from hub.delivery.gate import Allow, Hold, VersionKey, Withhold
from hub.delivery.handing import hand_over
from hub.delivery.packing import Allowed, Packer
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
        with fence.delivering(self.database, self.subscriber.name) as grant_ids:
            now = self.clock()
            with self.database.transaction() as tx:
                packed = self._decide(tx, records, grant_ids, now)
            self._send_all(packed)

    def _decide(
        self, tx: Transaction, records: Sequence[Due], grant_ids: list[str], now: datetime
    ) -> list[Packed]:
        """Decide on every record that needs it, and commit to it."""
        subscriber, persons = self.subscriber, self.persons
        known = custody.known(tx, subscriber.name, [record.event.id for record in records])
        fresh = sorted(to_decide(records, known), key=_in_order)
        if not fresh:
            return []
        basis = Basis.read(tx, subscriber, fresh, known, grant_ids, persons, now)
        packer = Packer(subscriber, persons)
        allowed: list[Allowed] = []
        lines: list[Disclosure] = []
        kept_back: list[Entry] = []
        for record in fresh:
            decision = basis.decide(record)
            if isinstance(decision, Allow):
                allowed.append(packer.allow(record, decision))
                lines.append(allowed[-1].line)
            else:
                lines.append(packer.refuse(record, decision))
                kept_back.append(_kept_back(record, decision))
        packed = packing.pack(subscriber.name, allowed, basis.grants)
        deadline = now + self.sender.patience * max(len(packed), 1)
        self._log(tx, lines, now)
        leaving = [entry for each in packed for entry in _leaving(each, deadline)]
        custody.put(tx, subscriber.name, kept_back + leaving, now)
        grants.use(tx, basis.taken, now)
        parcels.start(tx, packed, now, deadline)
        return packed

    def _log(self, tx: Transaction, lines: Sequence[Disclosure], now: datetime) -> None:
        disclosures.write(tx, lines, now)
        decided = Counter((each.ruling.verdict, each.ruling.reason) for each in lines)
        for (verdict, reason), count in decided.items():
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
            place = _place(packed, State.RETRYING, due=now, keep=True)
            again = [Entry(record, place, record.attempts) for record in packed.records]
            return packed, Outcome.NOT_SENT, again
        try:
            hand_over(self.sender, packed, now, self.tracing)
        except (Unavailable, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - its type says what becomes of the records
            return self._failed(packed, error, now)
        place = _place(packed, State.SENT)
        stored = [record for record in packed.records if record.stored]
        return packed, Outcome.DELIVERED, [Entry(each, place, each.attempts) for each in stored]

    def _failed(self, packed: Packed, error: Exception, now: datetime) -> Result:
        _log.warning(
            "parcel not taken",
            subscriber=self.subscriber.name,
            delivery_id=packed.parcel.delivery_id,
            cause=type(error).__name__,
        )
        set_aside = (self.set_aside(record, error, now) for record in packed.records)
        entries = [_under(packed, entry) for entry in set_aside]
        parked = any(entry.place.state is State.PARKED for entry in entries)
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
        ended = [(packed, outcome) for packed, outcome, _ in results]
        entries = [entry for _, _, of_parcel in results for entry in of_parcel]
        if entries:
            with self.database.transaction() as tx:
                parcels.end(tx, ended, now)
                custody.put(tx, self.subscriber.name, entries, now)
        else:
            with self.database.single() as tx:
                parcels.end(tx, ended, now)
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


def _kept_back(record: Due, decision: Withhold | Hold) -> Entry:
    until = decision.until if isinstance(decision, Hold) else None
    place = Place(
        State.WITHHELD if until is None else State.HELD,
        decision.reason,
        decision.grant_id,
        decision.grant_version,
        due=until,
        keep=until is not None,
    )
    return Entry(record, place, 0 if until is None else record.attempts)


def _leaving(packed: Packed, deadline: datetime) -> Iterator[Entry]:
    """What comes from the queue comes again from there; what was in custody stays until sent."""
    sent = _place(packed, State.SENT)
    stays = _place(packed, State.RETRYING, due=deadline, keep=True)
    for record in packed.records:
        yield Entry(record, stays if record.stored else sent, record.attempts)


def _place(
    packed: Packed,
    state: State,
    reason: str | None = None,
    due: datetime | None = None,
    *,
    keep: bool = False,
) -> Place:
    """Name the parcel that records were in, and the grant of that."""
    parcel = packed.parcel
    basis = parcel.grant_id, parcel.grant_version
    return Place(state, reason, *basis, delivery_id=parcel.delivery_id, due=due, keep=keep)


def _under(packed: Packed, entry: Entry) -> Entry:
    """Name the parcel a record that failed was in, and the grant of that."""
    place = entry.place
    named = _place(packed, place.state, place.reason, place.due, keep=place.keep)
    return replace(entry, place=named)


def _again(record: Due, due: datetime, attempts: int) -> Entry:
    return Entry(record, Place(State.RETRYING, due=due, keep=True), attempts)


def _parked(record: Due, cause: str) -> Entry:
    return Entry(record, Place(State.PARKED, cause, keep=True), record.attempts + 1)
