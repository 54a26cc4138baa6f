"""Staff's facts on the in-memory bus: office, registry, relay and ledger, moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors._kit.contract import Rules
from connectors._kit.discover import discover
from hub.agency.fact_register import Entry
from hub.agency.facts import Draft, Facts
from hub.evidence import audit, ledger, operators
from hub.evidence.ledger import Line
from hub.hop import Hop, Pace
from hub.intake.relay import Relay
from hub.registry.handler import HOP, RegistryHandler
from hub.registry.past import Moment, lookup_past
from hub.registry.person import lookup
from hub.store.database import Database
from routing import keys
from routing.bus import Publisher
from routing.memory import MemoryBus
from routing.message import Message
from routing.observer import Unobserved
from routing.topology import topology
from schemas.identifiers import Namespaces, parse_fin
from schemas.staff_fact import PersonStatement
from tests.integration.registry.writing import NOW

FIN = "TST0001"
SUBJECT = f"{Namespaces().fin}:{FIN}"
PLACE = PersonStatement(place_of_birth="Sınaq şəhəri")


class Broken:
    """A publisher that fails in a given way."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def publish(self, messages: Sequence[Message]) -> None:
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Office:
    """The Agency's office, with two operators, and the hub behind it."""

    database: Database
    four_eyes: bool = False
    now: datetime = NOW
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bus = MemoryBus(topology(discover()), clock=self._seconds, linger=0)
        with self.database.transaction() as tx:
            self.tokens["root"] = operators.add(tx, "root", None, NOW)
            for name in ("aydan", "elnur"):
                self.tokens[name] = operators.add(tx, name, self.tokens["root"], NOW)
        subscription = self.bus.subscribe([keys.writer_queue("live")], prefetch=100)
        handler = RegistryHandler(
            worker_id="w", database=self.database, publisher=subscription,
            queues=[keys.writer_queue("live")], observer=Unobserved(),
        )  # fmt: skip
        self.hop = Hop(HOP, subscription, handler, clock=lambda: self.now, observer=Unobserved(),
                       pace=Pace(pause_seconds=0, longest_pause_seconds=0))  # fmt: skip
        self.relay = Relay(
            worker_id="r", database=self.database, bus=self.bus, publisher=self.bus.publisher(),
            connectors=discover(), observer=Unobserved(), lanes=keys.LANES,
        )  # fmt: skip
        self.open()

    def _seconds(self) -> float:
        return self.now.timestamp()

    def open(self, publisher: Publisher | None = None) -> None:
        """Open the office, after it died another one."""
        self.facts = Facts(
            database=self.database,
            publisher=publisher or self.bus.publisher(),
            clock=lambda: self.now,
            rules=Rules(),
            four_eyes=self.four_eyes,
        )

    def enter(self, by: str = "aydan", **given: Any) -> Entry:
        about, _ = parse_fin(FIN, Namespaces())
        values: dict[str, Any] = {
            "statement": PLACE,
            "authority": "act 1",
            "purpose": "service",
        } | given
        entry = self.facts.enter(self.tokens[by], Draft(about=about, **values))
        self.work()
        return entry

    def expire(self) -> int:
        ended = self.facts.expire()
        self.work()
        return ended

    def withdraw(self, fact_id: int) -> None:
        self.facts.withdraw(self.tokens["elnur"], fact_id, "a mistake")
        self.work()

    def work(self) -> None:
        """Let the registry take what waits."""
        while self.hop.step(threading.Event(), 0):
            pass

    def later(self, **given: float) -> datetime:
        self.now += timedelta(**given)
        return self.now

    def value(self, name: str, moment: Moment | None = None) -> tuple[Any, str | None]:
        """A golden field and whose word it is, as believed now or as it was."""
        with self.database.transaction() as tx:
            found = lookup_past(tx, SUBJECT, moment) if moment else lookup(tx, SUBJECT)
        fields = {each.name: each for each in found.fields} if found else {}
        each = fields.get(name)
        return (
            (each.value, each.source["ministry"] if each.source else None) if each else (None, None)
        )

    def findings(self) -> list[dict[str, str]]:
        with self.database.transaction() as tx:
            found = lookup(tx, SUBJECT)
        return [dict(each) for each in found.findings] if found else []

    def acts(self, fact_id: int) -> list[dict[str, Any]]:
        with self.database.transaction() as tx:
            return audit.about(tx, f"fact:{fact_id}")

    def line(self) -> Line:
        """The Agency's line of the ledger."""
        settle = timedelta(seconds=60)
        told = ledger.draw_up(self.database, self.bus, discover(), keys.LANES,
                              settle=settle, relay_limit=3, now=self.now)  # fmt: skip
        assert told.balanced
        return next(line for line in told.lines if line.ministry == "agency")
