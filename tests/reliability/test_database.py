"""A database that is restarted, killed, locked, full, read-only or stalled."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from hub.bootstrap import Kind, bring_up_to_date
from tests.reliability.signs import holding, isolated
from tests.reliability.stage import Stage
from tests.support import refusals
from tests.support.buses import through
from tests.support.needs import needing
from tests.support.postgres import PrivatePostgres, running_private_postgres
from tests.support.proxy import Proxy

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]

HOPS = {"intake", "registry"}


@pytest.fixture
def private_postgres() -> Iterator[PrivatePostgres]:
    with needing("PostgreSQL"), running_private_postgres() as server:
        bring_up_to_date(server.url)
        yield server


def execute(url: str, statement: Any, *params: object) -> None:
    writing = "-c default_transaction_read_only=off"
    with psycopg.connect(url, autocommit=True, options=writing) as connection:
        connection.execute(statement, params or None)


def with_options(url: str, **options: str) -> str:
    text = "%20".join(f"-c%20{name}%3D{value}" for name, value in options.items())
    return f"{url}{'&' if '?' in url else '?'}options={text}"


@contextmanager
def table_locked(url: str, table: str) -> Iterator[None]:
    with psycopg.connect(url) as rival:
        rival.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(table)))
        yield


def test_restarting_and_killing_the_database_changes_nothing(
    stage: Callable[..., Stage], private_postgres: PrivatePostgres
) -> None:
    played = stage(database_url=private_postgres.url)
    with played.under_load() as hub:
        for share, end in ((0.1, private_postgres.stop), (0.4, private_postgres.kill)):
            played.wait_for(share)
            end()
            played.until(lambda: holding(hub) >= HOPS, "the breakers of both hops")
            private_postgres.start()
            played.until(lambda: not holding(hub) & HOPS, "breakers that close")
    assert played.problems() == []
    assert played.attempts() == 0
    turns = Counter(
        (row["hop"], row["turn"])
        for row in played.rows("SELECT * FROM evidence.breaker_event")
        if row["dependency"] == "database" and row["hop"] in HOPS
    )
    assert turns == {(hop, turn): 2 for hop in HOPS for turn in ("opened", "closed")}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("53100", id="disk full"),
        pytest.param("57014", id="cancelled", marks=pytest.mark.slow),
        pytest.param("08006", id="lost", marks=pytest.mark.slow),
    ],
)
def test_a_database_that_refuses_for_a_while_costs_no_record(
    stage: Callable[..., Stage], database_url: str, code: str
) -> None:
    refusals.prepare(database_url)
    played = stage()
    with played.under_load() as hub:
        refusals.refuse(database_url, code)
        played.until(lambda: bool(holding(hub)) or isolated(hub) > 0, "harm that is felt")
        refusals.relent(database_url)
    assert played.problems() == []
    if code != "57014":  # a statement that was cancelled may be this record's own doing
        assert played.attempts() == 0


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("40001", id="serialization failure"),
        pytest.param("40P01", id="deadlock", marks=pytest.mark.slow),
    ],
)
def test_lost_races_are_run_again(
    stage: Callable[..., Stage], database_url: str, code: str
) -> None:
    refusals.prepare(database_url)
    # A batch, one of it alone, and more than once the note that it waits on the ladder.
    refusals.refuse(database_url, code, times=7, application="qovsaq intake")
    refusals.refuse(database_url, code, times=9, application="qovsaq registry")
    played = stage(settings={"max_attempts": 50})
    with played.under_load() as hub:
        pass
    assert all(isolated(hub, hop) for hop in HOPS)
    assert played.problems() == []


def test_a_read_only_database_is_an_outage_and_costs_no_attempt(
    stage: Callable[..., Stage], database_url: str
) -> None:
    name = sql.Identifier(urlsplit(database_url).path.strip("/"))
    played = stage()
    with played.under_load() as hub:
        played.wait_for(0.1)
        for mode in (sql.SQL("on"), sql.SQL("off")):
            execute(
                database_url,
                sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                    name, mode
                ),
            )
            execute(
                database_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            if mode == sql.SQL("on"):
                played.until(lambda: holding(hub) >= HOPS, "the breakers of both hops")
    assert played.problems() == []
    assert played.attempts() == 0


def test_a_lock_that_is_held_too_long_is_waited_for(
    stage: Callable[..., Stage], database_url: str
) -> None:
    impatient = with_options(database_url, lock_timeout="100ms")
    played = stage(database_url=impatient, settings={"max_attempts": 50})
    with played.under_load() as hub:
        for table in ("registry.person", "evidence.record_log"):
            played.until(lambda: not holding(hub), "hops at work")
            before = isolated(hub)
            with table_locked(database_url, table):
                played.until(
                    lambda: isolated(hub) > before or bool(holding(hub)),  # noqa: B023
                    "a lock that is not given",
                )
    assert played.problems() == []


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("heartbeat=2", 10.0), pytest.param("heartbeat=20", 120.0, marks=pytest.mark.slow)],
    ids=["five heartbeats", "120 s"],
)
def test_a_stalled_database_costs_no_connection_no_record_and_no_attempt(
    stage: Callable[..., Stage],
    broker_url: str,
    database_url: str,
    proxy: Proxy,
    query: str,
    seconds: float,
) -> None:
    played = stage(
        direct_url=broker_url,
        broker_url=through(proxy, broker_url, query),
        crew={Kind.INTAKE: 1, Kind.REGISTRY: 1},
        settings={"deaf_seconds": 3_600},  # looking into a silent queue is a connection, too
    )
    with played.under_load():
        played.wait_for(0.1)
        with table_locked(database_url, "evidence.record_log"):
            before = proxy.accepted
            threading.Event().wait(seconds)
            after = proxy.accepted
    assert after == before
    assert proxy.accepted == before
    assert played.problems() == []
    assert played.attempts() == 0
