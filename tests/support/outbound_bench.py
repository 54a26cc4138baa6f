"""A subscriber's side of the hub on a real database, with an endpoint and a clock of the test's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.delivery import subscribers
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.governance import Governance, Ground
from hub.delivery.recall import Recaller
from hub.delivery.sender import Parcel, Sender
from hub.delivery.subscriber import Channel, Subscriber
from hub.evidence import operators
from hub.store.database import Database, Transaction
from routing.bus import Bus
from routing.memory import MemoryBus
from routing.observer import Unobserved
from routing.retry import Policy
from routing.topology import Topology
from schemas.subscriber_document import SubscriberDocument
from tests.support.outbound_events import BODY, START, document, due, paper, person

PERSONS = frozenset({"urn:az:pid:fin", "urn:az:pid:smx", "urn:az:pid:ssn"})

__all__ = ["BODY", "START", "document", "due", "paper", "person"]


@dataclass
class Clock:
    """A clock that stands still unless told otherwise."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeAdministration:
    """Rights as the broker would have them; ``readers`` may read."""

    readers: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def introduce(self, subscriber: str, password: str) -> None:
        self._do("introduce", subscriber)

    def permit(self, subscriber: str) -> None:
        self._do("permit", subscriber)
        self.readers.add(subscriber)

    def forbid(self, subscriber: str) -> None:
        self._do("forbid", subscriber)
        self.readers.discard(subscriber)

    def _do(self, verb: str, subscriber: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.done.append(f"{verb} {subscriber}")


@dataclass
class Endpoint:
    """A sender that keeps what it is handed, or fails as told, once per entry in ``failures``."""

    patience: timedelta = timedelta(seconds=30)
    parcels: list[Parcel] = field(default_factory=list)
    failures: list[Exception | None] = field(default_factory=list)
    closed: bool = False

    def send(self, parcel: Parcel, now: datetime) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.parcels.append(parcel)

    def close(self) -> None:
        self.closed = True

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event received, in order."""
        return [event for parcel in self.parcels for event in orjson.loads(parcel.body)]


@dataclass
class OutboundBench:
    """One subscriber with its grants; ``tokens`` are those of two operators."""

    url: str
    bus: Bus
    channel: Channel = Channel.WEBHOOK
    test_mode: bool = False
    clock: Clock = field(default_factory=Clock)
    endpoint: Any = field(default_factory=Endpoint)
    administration: Any = field(default_factory=FakeAdministration)
    four_eyes: bool = True
    name: str = BODY
    tokens: dict[str, str] = field(default_factory=dict)
    silence: float = 1.0

    def __post_init__(self) -> None:
        self._open: list[Database] = []
        self.database = self.connect()
        with self.database.transaction() as tx:
            self.tokens = self.tokens or _three_operators(tx)
            subscribers.put(tx, self.tokens["first"], self._document(), START)
            subscribers.bound(tx, self.name, START)
        with self.database.transaction() as tx:
            found = subscribers.find(tx, self.name)
        assert found is not None
        self.subscriber: Subscriber = found

    def connect(self) -> Database:
        """Open a connection that is closed with the bench."""
        database = Database(self.url)
        self._open.append(database)
        return database

    def close(self) -> None:
        """Close every connection."""
        for database in self._open:
            database.close()

    @property
    def topology(self) -> Topology:
        """What the subscriber needs on the broker."""
        return subscribers.topology_of(self.subscriber)

    def governance(self, database: Database | None = None, **changes: Any) -> Governance:
        """Open grants for operators."""
        database = database or self.connect()
        made = Governance(
            database=database,
            recaller=Recaller(database, self.bus, self.administration, PERSONS, self.silence),
            administration=self.administration,
            clock=self.clock,
            wait=self.clock.advance,
            authority="ASAN",
            operator="Operator",
            four_eyes=self.four_eyes,
        )
        return replace(made, **changes)

    def dispatcher(
        self, sender: Sender | None = None, database: Database | None = None
    ) -> Dispatcher:
        """Open what hands records to the subscriber."""
        return Dispatcher(
            subscriber=self.subscriber,
            database=database or self.connect(),
            sender=sender or self.endpoint,
            observer=Unobserved(),
            clock=self.clock,
            persons=PERSONS,
            policy=Policy(),
        )

    def grant(self, **changes: Any) -> str:
        """Put a grant in force, proposed by the first and approved by the third operator."""
        made, governance = document(**{"subscriber": self.name} | changes), self.governance()
        version = governance.propose(self.tokens["second"], made, "asked for")
        governance.decide(self.tokens["third"], made.grant, version, approve=True, reason="checked")
        return made.grant

    def suspend(self, grant_id: str, ground: Ground = Ground.ILLEGAL_ACCESS) -> None:
        """Suspend a grant."""
        self.governance().suspend(self.tokens["first"], grant_id, ground, "confirmed")

    def revoke(self, grant_id: str, ground: Ground = Ground.NO_LEGAL_BASIS) -> None:
        """Revoke a grant."""
        self.governance().revoke(self.tokens["first"], grant_id, ground, "no longer needed")

    def lift(self, grant_id: str) -> Mapping[str, Any]:
        """Lift a suspension."""
        return self.governance().lift(self.tokens["first"], grant_id, "cleared up")

    def rows(self, statement: Any, *given: Any) -> Sequence[dict[str, Any]]:
        """Ask the database."""
        with self.database.transaction() as tx:
            return tx.rows(statement, given or None)

    def states(self) -> dict[str, str]:
        """State of each record in custody, by record id."""
        rows = self.rows("SELECT record_id, state FROM outbound.custody")
        return {row["record_id"].hex: row["state"] for row in rows}

    def delivered(self) -> int:
        """Count the records whose parcel was confirmed."""
        (row,) = self.rows(
            "SELECT count(*) AS n FROM outbound.custody JOIN outbound.parcel USING (delivery_id)"
            " WHERE delivered_at IS NOT NULL"
        )
        return int(row["n"])

    def log(self) -> list[tuple[str, str | None]]:
        """Verdict and reason of every line of the disclosure log, in order."""
        rows = self.rows("SELECT verdict, reason FROM outbound.disclosure ORDER BY entry_id")
        return [(row["verdict"], row["reason"]) for row in rows]

    def _document(self) -> SubscriberDocument:
        endpoint = {"endpoint": "https://pensions.example"} if self._has_address else {}
        return SubscriberDocument.model_validate(
            {
                "subscriber": self.name,
                "title": "A pension fund",
                "channel": self.channel,
                "records": ["person", "identity_document"],
                "testMode": self.test_mode,
                **endpoint,
            }
        )

    @property
    def _has_address(self) -> bool:
        return self.channel in (Channel.WEBHOOK, Channel.SOAP)


def _three_operators(tx: Transaction) -> dict[str, str]:
    """Add operators; the first issued the tokens of both others, who are two persons."""
    first = operators.add(tx, "first", None, START)
    others = {name: operators.add(tx, name, first, START) for name in ("second", "third")}
    return {"first": first} | others


@contextmanager
def outbound_bench(url: str, bus: Bus | None = None, **given: Any) -> Iterator[OutboundBench]:
    """Yield a bench on a migrated database; without a bus of the test's there is one in memory."""
    bench = OutboundBench(url, bus or MemoryBus(Topology()), **given)
    try:
        yield bench
    finally:
        bench.close()
