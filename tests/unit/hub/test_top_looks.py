"""What one look of ``qovsaq top`` remembers for the next, where servers come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hub.bootstrap import Hub
from hub.cli.top import Looks
from hub.evidence.ledger import Line, Statement
from hub.evidence.record_log import State
from hub.store.database import Database
from routing.topology import Topology, working
from schemas.errors import Unavailable

START = datetime(2026, 3, 2, tzinfo=UTC)
QUEUE = "intake.labour.live"


@dataclass
class Servers:
    """A broker and a database that answer, or do not; stands for hub, bus and database at once."""

    depth: int = 0
    written: int = 0
    broker: str = ""
    database: str = ""
    topology: Topology = field(default_factory=lambda: Topology(queues=working(QUEUE)))

    @property
    def bus(self) -> Servers:
        return self

    def depths(self, queues: list[str]) -> Mapping[str, int]:
        if self.broker:
            raise Unavailable(self.broker)
        return {queue: self.depth if queue == QUEUE else 0 for queue in queues}

    def ledger(self) -> Statement:
        if fault := self.database or self.broker:
            raise Unavailable(fault)
        line = Line("labour", 1, self.written, {State.WRITTEN: self.written}, 0, 0, 0)
        return Statement(START, [line])

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        if self.database:
            raise Unavailable(self.database)
        yield self

    def rows(self, *_: object) -> list[Any]:
        return []


def looking(servers: Servers) -> Looks:
    return Looks(cast("Hub", servers), cast("Database", servers))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_does_not_answer_is_told_once_and_since_the_first_look_that_missed_it() -> None:
    servers = Servers()
    looks = looking(servers)
    assert looks.look(after(0)).troubles == {}
    servers.broker = "broker: connection reset"
    assert looks.look(after(2)).troubles == {"broker: connection reset": after(2)}
    servers.broker = "broker: connection refused"
    assert looks.look(after(4)).troubles == {"broker: connection refused": after(2)}
    servers.broker = ""
    assert looks.look(after(6)).troubles == {}
    servers.broker = "broker: connection refused"
    assert looks.look(after(8)).troubles == {"broker: connection refused": after(8)}


def test_the_last_ledger_stays_and_is_told_from_one_of_this_moment() -> None:
    servers = Servers(written=7, database="database: connection refused")
    looks = looking(servers)
    assert looks.look(after(0)).ledger is None
    servers.database = ""
    assert looks.look(after(2)).stale is False
    servers.database = "database: connection refused"
    seen = looks.look(after(4))
    assert (seen.stale, seen.ledger and seen.ledger.at, seen.rates) == (True, after(2), {})


def test_rates_go_on_after_an_outage_from_the_last_ledger_that_was_seen() -> None:
    servers = Servers(written=10)
    looks = looking(servers)
    looks.look(after(0))
    servers.database = "database: connection refused"
    looks.look(after(2))
    servers.database, servers.written = "", 30
    assert looks.look(after(10)).rates == {"labour": 2.0}


def test_the_age_of_what_was_there_before_the_first_look_is_not_known() -> None:
    servers = Servers(depth=5)
    looks = looking(servers)
    assert QUEUE not in looks.look(after(0)).ages
    servers.depth = 0
    looks.look(after(2))
    servers.depth = 3
    assert looks.look(after(5)).ages[QUEUE] == 3.0
