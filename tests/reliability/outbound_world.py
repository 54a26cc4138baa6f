"""A subscriber, its grants and its worker, in which anything may happen in any order.

At every send and every read the tables are asked, by statements of its own, how the grant stands,
what its document names, what the log has, whether the fence is held. It shares no code with the
gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.delivery import custody
from hub.delivery.amqp import QueueSender
from hub.delivery.governance import Ground
from hub.delivery.sender import Parcel, Sender
from hub.delivery.subscriber import Channel
from hub.evidence.declined import Declined
from hub.store.database import Database
from routing import keys
from routing.memory import MemoryBus
from routing.message import GRANT, GRANT_VERSION
from routing.topology import topology
from schemas.envelope import Event
from schemas.errors import HubError, Unavailable
from tests.reliability.fuse import Crash, Fuse
from tests.reliability.outbound_mortals import MortalAdministration, MortalDatabase
from tests.support.outbound_bench import (
    OutboundBench,
    document,
    due,
    person,
)

ESSENTIAL = {"identifier"}
NEVER = 1_000_000
FIELDS = (
    ["identifier", "givenName"],
    ["identifier", "sex", "dateOfBirth"],
    ["givenName", "familyName"],
)

_STANDS = """
SELECT s.standing, s.version, v.document FROM outbound.grant_standing s
JOIN outbound.grant_version v USING (grant_id, version)
WHERE s.grant_id = %s ORDER BY s.entry DESC LIMIT 1
"""

_LOGGED = """
SELECT record_id, fields FROM outbound.disclosure
WHERE subscriber = %s AND verdict = 'allowed' AND grant_id = %s AND grant_version = %s
"""

_FENCE = """
SELECT pg_try_advisory_xact_lock(hashtextextended('outbound.grant:' || %s, 0)) AS free
"""


@dataclass
class Witness:
    """Sends into the subscriber's queue, or fails as told; looks around before it does."""

    world: World
    within: Sender
    patience: timedelta = timedelta(seconds=30)

    def send(self, parcel: Parcel, now: datetime) -> None:
        self.world.fuse.at("before send")
        failures = self.world.failures
        failure = failures.pop(0) if failures else None
        if failure is not None:
            raise failure
        self.world.look(parcel)
        self.within.send(parcel, now)
        self.world.fuse.at("after send")

    def close(self) -> None:
        self.within.close()


class World:
    """One subscriber with three grants; ``wrong`` names everything that must not have happened."""

    def __init__(self, url: str, number: int, tokens: dict[str, str]) -> None:
        self.name = f"body-{number}"
        self.grants = [f"grant-{number}-{each}" for each in "abc"]
        self.fuse = Fuse(NEVER)
        self.bus = MemoryBus(topology(()), linger=0)
        self.administration = MortalAdministration()
        self.bench = OutboundBench(
            url,
            self.bus,
            channel=Channel.AMQP,
            administration=self.administration,
            name=self.name,
            tokens=tokens,
            silence=0,
        )
        self.bus.broker.declare(self.bench.topology)
        self.witness = self.bench.connect()
        self.queue: list[Event] = []
        self.arrived: set[str] = set()
        self.failures: list[HubError | None] = []
        self.newest: dict[str, int] = {}
        self.read: list[str] = []
        self.sent = 0
        self.crashes = 0
        self.watched = True
        self.wrong: list[str] = []

    def close(self) -> None:
        self.bench.close()
        self.bus.close()

    def arrive(self, who: int, sequence: int) -> None:
        """A record comes, perhaps once more."""
        event = person(who, sequence=sequence)
        self.queue.append(event)
        self.arrived.add(event.id)

    def work(self, crash_at: int) -> None:
        """The worker takes what is waiting; what it did not finish is delivered again."""
        batch = self.queue[:5]
        done = self._mortal(
            crash_at, lambda database: self._dispatcher(database).dispatch(due(*batch))
        )
        if done:
            del self.queue[:5]

    def feed(self, crash_at: int) -> None:
        """The worker takes what waits in custody."""

        def act(database: Database) -> None:
            with database.transaction() as tx:
                stored = custody.waiting(tx, self.name, self.bench.clock.now, 5)
            self._dispatcher(database).dispatch(stored)

        self._mortal(crash_at, act)

    def approve(self, grant: int, fields: int, hours: int, most: int | None, crash_at: int) -> None:
        """An operator proposes a version of a grant, another puts it in force."""
        ends = self.bench.clock.now + timedelta(hours=hours)
        changes: dict[str, Any] = {} if most is None else {"recordsPerDay": most}
        made = document(
            grant=self.grants[grant],
            subscriber=self.name,
            fields={"person": FIELDS[fields]},
            validUntil=ends.isoformat(),
            **changes,
        )
        tokens = self.bench.tokens

        def act(database: Database) -> None:
            governance = self.bench.governance(database)
            version = governance.propose(tokens["second"], made, "why")
            governance.decide(tokens["third"], made.grant, version, approve=True, reason="so")

        self._mortal(crash_at, act)

    def restrict(self, verb: str, grant: int, crash_at: int) -> None:
        """An operator suspends, revokes or lifts."""
        token, name = self.bench.tokens["first"], self.grants[grant]

        def act(database: Database) -> None:
            governance = self.bench.governance(database)
            match verb:
                case "suspend":
                    governance.suspend(token, name, Ground.ILLEGAL_ACCESS, "why")
                case "revoke":
                    governance.revoke(token, name, Ground.NO_LEGAL_BASIS, "why")
                case _:
                    governance.lift(token, name, "why")

        self._mortal(crash_at, act)

    def pass_time(self, minutes: int, crash_at: int) -> None:
        """Time passes, and the watch looks whether a grant is over."""
        self.bench.clock.advance(60 * minutes)
        self.watched = False
        self.watch(crash_at)

    def watch(self, crash_at: int) -> None:
        """The watch goes round."""
        if self._mortal(crash_at, lambda database: self.bench.governance(database).keep_watch()):
            self.watched = True

    def fail(self, failure: HubError) -> None:
        """The endpoint will fail the next time it is used."""
        self.failures.append(failure)

    def read_some(self, messages: int) -> None:
        """The subscriber reads, if it may."""
        if self.name not in self.administration.readers:
            return
        subscription = self.bus.subscribe([keys.deliver_queue(self.name)], prefetch=messages)
        taken = subscription.receive(messages, 0)
        for each in taken:
            grant_id, version = str(each.headers[GRANT]), each.headers[GRANT_VERSION]
            standing = self._stands(grant_id)
            if standing["standing"] != "in-force" or standing["version"] != version:
                self.wrong.append(f"read under {grant_id}, which is {standing['standing']}")
            if self.watched and not self._valid(standing):
                self.wrong.append(f"read under {grant_id}, which has ended")
            self.read += [event["id"] for event in orjson.loads(each.body)]
        subscription.ack(taken)
        subscription.close()

    def come_to_rest(self) -> None:
        """Let everything go well from here on."""
        self.failures.clear()
        for _ in range(60):
            self.watch(0)
            self.work(0)
            self.feed(0)
            self.bench.clock.advance(3600)
            if not self.queue and not self._waiting():
                return
        self.wrong.append("it does not come to rest")

    def look(self, parcel: Parcel) -> None:
        """Check, at the moment a parcel leaves, that every record and field in it may."""
        standing = self._stands(parcel.grant_id)
        if standing["standing"] != "in-force" or standing["version"] != parcel.grant_version:
            self.wrong.append(f"sent under {parcel.grant_id}, which is {standing['standing']}")
        if not self._valid(standing):
            self.wrong.append(f"sent under {parcel.grant_id} outside its time")
        allowed = set(standing["document"]["fields"]["person"])
        with self.witness.transaction() as tx:
            (fence,) = tx.rows(_FENCE, [parcel.grant_id])
            given = [self.name, parcel.grant_id, parcel.grant_version]
            logged = {row["record_id"].hex: set(row["fields"]) for row in tx.rows(_LOGGED, given)}
        if fence["free"]:
            self.wrong.append("the fence is not held")
        for event in orjson.loads(parcel.body):
            fields = set(event["data"])
            if not fields <= allowed or not fields >= ESSENTIAL:
                self.wrong.append(f"fields {fields} under a grant of {allowed}")
            if event["id"] not in logged or not fields <= logged[event["id"]]:
                self.wrong.append("sent before it was logged")
            if int(event["version"]) < self.newest.get(event["subject"], 0):
                self.wrong.append("an older version after a newer one")
            self.newest[event["subject"]] = int(event["version"])
            self.sent += 1

    def problems(self) -> list[str]:
        """Name what is wrong in the end."""
        rows = self._rows("SELECT record_id FROM outbound.custody WHERE subscriber = %s")
        kept = {row["record_id"].hex for row in rows}
        lost = self.arrived - kept
        strangers = kept - self.arrived
        found = list(self.wrong)
        if lost or strangers:
            found.append(f"{len(lost)} records are nowhere, {len(strangers)} came from nowhere")
        return found

    def _waiting(self) -> bool:
        return bool(
            self._rows("SELECT FROM outbound.custody WHERE subscriber = %s AND due IS NOT NULL")
        )

    def _stands(self, grant_id: str) -> dict[str, Any]:
        with self.witness.transaction() as tx:
            (row,) = tx.rows(_STANDS, [grant_id])
        return row

    def _valid(self, standing: dict[str, Any]) -> bool:
        found = standing["document"]
        start, end = (datetime.fromisoformat(found[key]) for key in ("validFrom", "validUntil"))
        return start <= self.bench.clock.now < end

    def _rows(self, statement: Any) -> list[dict[str, Any]]:
        with self.witness.transaction() as tx:
            return tx.rows(statement, [self.name])

    # Processes that may die.

    def _mortal(self, crash_at: int, act: Callable[[Database], object]) -> bool:
        """Act in a process that dies at the n-th place it passes; 0: it does not."""
        self.fuse = self.administration.fuse = Fuse(crash_at or -1)
        database = MortalDatabase(self.bench.url, self.fuse, "world")
        if not crash_at:
            database = MortalDatabase(self.bench.url, Fuse(1_000_000), "world")
        try:
            act(database)
        except Crash:
            self.crashes += 1
            return False
        except (Declined, Unavailable):
            return False
        finally:
            database.close()
        return True

    def _dispatcher(self, database: Database) -> Any:
        sender = Witness(self, QueueSender(self.bus.publisher()))
        return replace(self.bench.dispatcher(sender), database=database)
