"""Intake on the in-memory bus and a real database, moved by hand with a clock of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import connectors
from connectors._kit.contract import Connector
from hub.evidence import ledger
from hub.evidence.sealing import Keyring
from hub.hop import Hop, Pace
from hub.intake.handler import IntakeHandler
from hub.intake.relay import Relay
from hub.store.database import Database
from routing import keys
from routing.memory import MemoryBus
from routing.message import Delivery, Message
from routing.observer import Unobserved
from routing.topology import topology
from schemas.envelope import Event, decode_batch

START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
SAMPLES = Path(connectors.__file__).parent
PACE = Pace(pause_seconds=0, longest_pause_seconds=0, wait_seconds=0)


@dataclass
class Bench:
    """A hub's intake and relay, and whatever the other ends of their queues received."""

    database: Database
    connectors: Mapping[str, Connector]
    now: datetime = START
    stop: threading.Event = field(default_factory=threading.Event)
    keyring: Keyring = field(default_factory=Keyring)

    def __post_init__(self) -> None:
        layout = topology(self.connectors)
        self.bus = MemoryBus(layout, clock=self._seconds, linger=0)
        self.queues = [
            keys.intake_queue(name, lane) for name in self.connectors for lane in keys.LANES
        ] + [keys.INTAKE_UNROUTED]
        self.start()
        self.relay = Relay(
            worker_id="relay-1",
            database=self.database,
            bus=self.bus,
            publisher=self.bus.publisher(),
            connectors=self.connectors,
            observer=Unobserved(),
            lanes=keys.LANES,
            keyring=self.keyring,
        )

    def start(self, **given: Any) -> None:
        """Start intake, after a crash again, with other parts where they are given."""
        self.subscription = self.bus.subscribe(self.queues, prefetch=100)
        parts: dict[str, Any] = {
            "publisher": self.subscription,
            "connectors": self.connectors,
            "keyring": self.keyring,
        } | given
        self.handler = IntakeHandler(
            worker_id="intake-1", database=self.database, observer=Unobserved(), **parts
        )
        self.hop = Hop(
            "intake",
            self.subscription,
            self.handler,
            clock=lambda: self.now,
            observer=Unobserved(),
            pace=PACE,
        )

    def crash(self) -> None:
        """End intake as a dying process does: what it had in hand goes back to its queue."""
        self.subscription.close()

    def _seconds(self) -> float:
        return self.now.timestamp()

    def send(self, ministry: str, body: bytes, message_id: str = "m-1", **given: Any) -> None:
        values = {
            "exchange": keys.intake_exchange(ministry),
            "routing_key": "live",
            "content_type": "application/json",
        } | given
        message = Message(body=body, message_id=message_id, **values)
        self.bus.publisher().publish([message])

    def work(self) -> None:
        """Let intake take what waits."""
        while self.hop.step(self.stop, 0):
            pass

    def later(self, **given: float) -> None:
        self.now += timedelta(**given)

    def taken(self, queue: str) -> list[Delivery]:
        """Take everything off a queue."""
        reader = self.bus.subscribe([queue], prefetch=10_000)
        found = reader.receive(10_000, 0)
        reader.ack(found)
        reader.close()
        return found

    def canonical(self, lane: str = "live") -> list[Event]:
        batches = self.taken(keys.writer_queue(lane))
        return [event for batch in batches for event in decode_batch(batch.body)]

    def rows(self, statement: Any, *params: Any) -> list[dict[str, Any]]:
        with self.database.transaction() as tx:
            return tx.rows(statement, params)

    def states(self) -> list[tuple[str, str | None]]:
        log = self.rows("SELECT state, cause FROM evidence.record_log ORDER BY ordinal, cause")
        return [(row["state"], row["cause"]) for row in log]

    def ledger(self) -> ledger.Statement:
        return ledger.draw_up(
            self.database,
            self.bus,
            self.connectors,
            keys.LANES,
            settle=timedelta(seconds=60),
            relay_limit=3,
            now=self.now,
        )


def sample(ministry: str, name: str) -> bytes:
    return (SAMPLES / ministry / "samples" / name).read_bytes()
