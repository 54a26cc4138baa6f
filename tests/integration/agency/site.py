"""A registry, a bus with the queues of two systems, and the relay between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.agency import systems
from hub.agency.relay import AgencyRelay
from hub.evidence import operators
from hub.registry.handler import RegistryHandler
from hub.store.database import Database
from routing.bus import Publisher
from routing.keys import agency_queue
from routing.memory import MemoryBus
from routing.observer import Unobserved
from routing.topology import Queue, Topology
from schemas.envelope import Event, decode_batch
from tests.integration.registry.events import contract, event, fin, person
from tests.integration.registry.writing import NOW


@dataclass
class Agency:
    """A registry, a bus with two systems' queues, and a relay between them."""

    database: Database
    token: str = ""
    written: int = 0
    bus: MemoryBus = field(init=False)
    relay: AgencyRelay = field(init=False)

    def __post_init__(self) -> None:
        queues = tuple(Queue(agency_queue(name)) for name in ("persons", "work"))
        self.bus = MemoryBus(Topology(queues=queues), linger=0)
        with self.database.transaction() as tx:
            self.token = operators.add(tx, "root", None, NOW)
        self.start()

    def start(self, publisher: Publisher | None = None, **given: int) -> None:
        """Start a relay, after a death another one."""
        self.relay = AgencyRelay(
            self.database, self.bus, publisher or self.bus.publisher(), Unobserved(), **given
        )

    def add(self, name: str, *patterns: str, from_now: bool = False) -> None:
        with self.database.transaction() as tx:
            systems.add(tx, self.token, name, patterns, "a test", NOW, from_now=from_now)

    def write(self, *events: Event) -> list[str]:
        handler = RegistryHandler("w", self.database, self.bus.publisher(), [], Unobserved())
        handler._write(events, NOW)
        return [each.id for each in events]

    def persons(self, count: int) -> list[str]:
        first, self.written = self.written, self.written + count
        return self.write(*(of_person(number) for number in range(first, self.written)))

    def received(self, name: str) -> list[str]:
        """Take what waits for a system; the ids in order of arrival."""
        return [each.id for batch in self.batches(name) for each in batch]

    def batches(self, name: str) -> list[Sequence[Event]]:
        reader = self.bus.subscribe([agency_queue(name)], prefetch=10_000)
        taken = reader.receive(10_000, 0)
        reader.ack(taken)
        reader.close()
        return [decode_batch(delivery.body) for delivery in taken]

    def positions(self) -> dict[str, int]:
        with self.database.transaction() as tx:
            return {row["name"]: row["position"] for row in systems.known(tx)}


def of_person(number: int) -> Event:
    data = person(fin(f"TST{number:04}"))
    return event("person", data, ministry="interior", message_id=f"m-{number}")


def of_contract(number: int) -> Event:
    data = contract(number, f"TST{number:04}", "Mühasib")
    return event("employment_contract", data, ministry="labour", message_id=f"c-{number}")
