"""The whole hub on the in-memory bus and a real database: intake, registry, desk, operators."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors._kit.contract import Rules
from hub.deadletters.desk import Desk
from hub.deadletters.handler import DeskHandler
from hub.deadletters.letter import DEAD
from hub.deadletters.queries import Filter
from hub.deadletters.reading import Reader
from hub.deadletters.replaying import Replayer, Run
from hub.evidence import operators, record_log
from hub.evidence.record_log import Entry, State
from hub.evidence.sealing import Keyring
from hub.hop import Hop
from hub.intake.publishing import canonical_messages
from hub.registry.handler import RegistryHandler
from hub.store.database import Database
from routing import keys
from routing.message import Delivery
from routing.observer import Unobserved
from routing.outcome import Park
from routing.parking import parked, put_aside
from routing.topology import topology
from schemas.envelope import Event
from schemas.errors import Parked
from tests.integration.registry.events import event as make
from tests.integration.registry.events import fin, person
from tests.support.intake_bench import PACE, Bench, sample

EVERYTHING = Filter()
CONTRACT = sample("labour", "concluded.in.json")
BIRTHS = sample("health", "every-action.in.xml")


@dataclass(frozen=True, slots=True)
class Refusing(RegistryHandler):
    """A registry that parks whatever its ``bench`` calls unfit, as one with a defect would."""

    bench: DeskBench | None = None

    def _write(
        self, events: Sequence[Event], now: datetime, whole: Sequence[Delivery] = ()
    ) -> None:
        for event in events:
            if self.bench and self.bench.unfit(event):
                raise Parked("canonical-content", f"{event.record_type}.wage.amount: decimal_type")
        RegistryHandler._write(self, events, now, whole)


@dataclass
class DeskBench(Bench):
    """A hub in which operators A and B work. ``unfit`` decides what the registry parks."""

    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    opened: list[Database] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.unfit: Callable[[Event], bool] = lambda event: False
        self.start_registry()
        self.start_desk()
        self.use(self.keyring)
        for name in ("root", "aysel", "behruz"):
            with self.database.transaction() as tx:
                given = self.tokens.get("root")
                self.tokens[name] = operators.add(tx, name, given, self.now)

    def use(self, keyring: Keyring) -> None:
        """Let the desk and its replays open bodies with these keys from here on."""
        self.reader = Reader(self.connectors, Rules(), keyring)
        self.desk = Desk(self.connect(), self.reader, lambda: self.now)

    def connect(self) -> Database:
        self.opened.append(Database(self.url))
        return self.opened[-1]

    def start_registry(self) -> None:
        queues = [keys.writer_queue(lane) for lane in keys.LANES]
        subscription = self.bus.subscribe(queues, prefetch=100)
        handler = Refusing(
            "registry-1", self.connect(), subscription, queues, Unobserved(), bench=self
        )
        self.registry = self._hop("registry", subscription, handler)

    def start_desk(self) -> None:
        dead = [q.name for q in topology(self.connectors).queues if q.name.startswith(DEAD)]
        subscription = self.bus.subscribe(dead, prefetch=1000)
        self.desk_subscription = subscription
        handler = DeskHandler("desk-1", self.connect(), Unobserved(), keyring=self.keyring)
        self.drain = self._hop("desk", subscription, handler)

    def _hop(self, name: str, subscription: Any, handler: Any) -> Hop:
        return Hop(
            name, subscription, handler, clock=lambda: self.now, observer=Unobserved(), pace=PACE
        )

    def close(self) -> None:
        for hop in (self.registry, self.drain):
            hop.close()
        for database in self.opened:
            database.close()
        self.bus.close()

    def settle_down(self) -> None:
        """Let everything flow until nothing moves, the clock going on a little each time."""
        hops = (self.hop, self.registry, self.drain)
        while sum(hop.step(self.stop, 0) for hop in hops):
            self.later(milliseconds=1)
        self.drain.step(self.stop, 0)

    def replayer(self, **given: Any) -> Replayer:
        parts: dict[str, Any] = {
            "database": self.connect(),
            "publisher": self.bus.publisher(),
            "reader": self.reader,
            "clock": lambda: self.now,
            "per_second": 10_000,
            "stop": threading.Event(),
        }
        return Replayer(**(parts | given))

    def replay(self, chosen: Filter | Sequence[str] = EVERYTHING, **given: Any) -> Run:
        return self.replayer().replay(self.tokens["aysel"], chosen, **given)

    def letters(self, **chosen: Any) -> list[dict[str, Any]]:
        return self.desk.letters(self.tokens["aysel"], Filter(**chosen))

    def show(self, letter_id: str) -> dict[str, Any]:
        return self.desk.show(self.tokens["aysel"], letter_id)

    def letter_states(self) -> list[str]:
        found = self.rows("SELECT state FROM desk.letter ORDER BY first_parked_at, letter_id")
        return [row["state"] for row in found]

    def log(self) -> dict[str, int]:
        """Count records by state."""
        found = self.rows("SELECT state, count(*) AS n FROM evidence.record_log GROUP BY state")
        return {row["state"]: row["n"] for row in found}

    def balanced(self) -> bool:
        """Whether every record is accounted for, none of them unproven."""
        return self.ledger().balanced

    def park(self, *events: Event, cause: str = "defect-KeyError") -> None:
        """Park events as the registry would, without having tried."""
        with self.database.transaction() as tx:
            record_log.admit(tx, map(_entry, events), self.now)
        for event in events:
            (message,) = canonical_messages([("live", event)], self.now, most=1)
            delivery = Delivery(
                tag=None,  # type: ignore[arg-type]  # never acknowledged
                queue=keys.writer_queue("live"),
                exchange=message.exchange,
                routing_key=message.routing_key,
                body=message.body,
                message_id=event.id,
                content_type=message.content_type,
                headers=message.headers,
            )
            put_aside(self.bus.publisher(), [parked(delivery, Park(cause, "no text"), self.now)])
        self.settle_down()


def _entry(event: Event) -> Entry:
    return Entry(event.id, 0, 0, event.ministry, "live", event.record_type, State.PARKED)


def of_person(number: int, version: int, name: str = "Sınaq") -> Event:
    """An event of Interior about one of a few persons."""
    data = person(fin(f"TST000{number}"), name)
    return make(
        "person", data, ministry="interior", message_id=f"m-{number}-{version}", version=version
    )


def park_one(bench: DeskBench) -> str:
    """Let the registry park the one record of a message, and the desk take it over."""
    bench.unfit = lambda event: True
    bench.send("labour", CONTRACT)
    bench.settle_down()
    bench.unfit = lambda event: False
    (letter,) = bench.letters()
    return str(letter["letter_id"].hex)


def broken_health(bench: DeskBench) -> None:
    """Replace the normalizer of Health by one with a defect, and let intake run with it."""

    def broken(raw: object, rules: object) -> Any:
        raise KeyError("a defect")

    bench.crash()
    health = replace(bench.connectors["health"], normalize=broken)
    bench.start(connectors=dict(bench.connectors) | {"health": health})
