"""What the watch tells, on the in-memory bus and a real database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub.evidence import backups, record_log
from hub.evidence.backups import Backup, Event
from hub.evidence.record_log import Settlement, State
from hub.metrics import Metrics
from hub.pacing import Pacing
from hub.store.database import Database
from hub.watch.calendar import Calendar, Pattern
from hub.watch.leader import Leadership
from hub.watch.watch import Watch
from routing import keys
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")


@dataclass
class Post:
    """A watch beside an intake bench, and what it exposes."""

    bench: Bench
    url: str
    metrics: Metrics = field(default_factory=Metrics)

    def watch(self, **given: Any) -> Watch:
        parts: dict[str, Any] = {
            "database": self.bench.database,
            "bus": self.bench.bus,
            "observer": self.metrics,
            "ministries": tuple(self.bench.connectors),
            "lanes": keys.LANES,
            "watched": [*self.bench.queues, keys.writer_queue("live")],
            "settle": timedelta(seconds=60),
            "relay_limit": 3,
        }
        return Watch(**parts | given)

    def tells(self, line: str) -> bool:
        return f"qovsaq_{line}\n" in self.metrics.expose().decode()


@pytest.fixture
def post(database_url: str) -> Iterator[Post]:
    database = Database(database_url)
    bench = Bench(database, discover())
    yield Post(bench, database_url)
    bench.bus.close()
    database.close()


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[[], Database]]:
    opened: list[Database] = []

    def connect() -> Database:
        opened.append(Database(database_url))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


def test_the_ledger_of_a_lost_record_shows_in_the_gauges(post: Post) -> None:
    post.bench.send("labour", CONTRACT)
    post.bench.work()
    watch = post.watch()
    watch.step(post.bench.now)
    assert post.tells('in_flight{ministry="labour"} 1.0')
    assert post.tells('unaccounted{ministry="labour"} 0.0')
    post.bench.canonical()
    post.bench.later(minutes=2)
    watch.step(post.bench.now)
    assert post.tells('unaccounted{ministry="labour"} 1.0')


def test_a_ledger_that_has_grown_large_is_drawn_up_less_often(post: Post) -> None:
    seconds = iter([0, 20, 30, 199, 200, 220])
    watch = post.watch(books=Pacing(seconds=lambda: next(seconds)))
    watch.step(post.bench.now)
    post.bench.send("labour", CONTRACT)
    post.bench.work()
    for _ in (30, 199):
        watch.step(post.bench.now)
        assert post.tells('in_flight{ministry="labour"} 0.0')
    watch.step(post.bench.now)
    assert post.tells('in_flight{ministry="labour"} 1.0')


@pytest.mark.usefixtures("pages_are_small")
def test_what_has_come_to_rest_is_closed_before_the_ledger_is_drawn_up(post: Post) -> None:
    database = post.bench.database
    for number in range(5):
        post.bench.send("labour", CONTRACT, message_id=f"m{number}")
        post.bench.work()
    with database.transaction() as tx:
        rows = tx.rows("SELECT record_id FROM evidence.record_log")
        written = [Settlement(row["record_id"].hex, State.WRITTEN) for row in rows]
        record_log.settle(tx, written, post.bench.now)
    post.watch().step(post.bench.now)
    with database.transaction() as tx:
        assert [row["page"] for row in tx.rows("SELECT page FROM evidence.closed_page")] == [0, 1]
    assert post.tells('unaccounted{ministry="labour"} 0.0')


def test_depths_and_ages_of_queues_and_of_open_records(post: Post) -> None:
    watch = post.watch()
    watch.step(post.bench.now)
    post.bench.send("labour", CONTRACT)
    post.bench.later(seconds=20)
    watch.step(post.bench.now)
    assert post.tells('queue_depth{queue="intake.labour.live"} 1.0')
    assert post.tells('queue_oldest_seconds{queue="intake.labour.live"} 20.0')
    post.bench.work()
    post.bench.later(seconds=30)
    watch.step(post.bench.now)
    assert post.tells('queue_oldest_seconds{queue="intake.labour.live"} 0.0')
    assert post.tells('oldest_open_seconds{lane="live",ministry="labour"} 30.0')


def test_intake_marks_how_far_it_is_in_each_queue(post: Post) -> None:
    published = post.bench.now - timedelta(seconds=7)
    post.bench.send("labour", CONTRACT, timestamp=published)
    post.bench.send("labour", CONTRACT, "m-2", timestamp=post.bench.now + timedelta(hours=1))
    post.bench.work()
    rows = post.bench.rows(
        "SELECT watermark FROM evidence.worker WHERE queue = 'intake.labour.live'"
    )
    assert [row["watermark"] for row in rows] == [post.bench.now]


def test_a_feed_is_fresh_until_its_calendar_expects_more(post: Post) -> None:
    always = Calendar(Pattern.CONTINUOUS, timedelta(hours=1))
    watch = post.watch(calendars={"labour": always, "health": always})
    post.bench.send("labour", CONTRACT)
    post.bench.work()
    post.bench.later(minutes=59)
    watch.step(post.bench.now)
    assert post.tells('freshness_seconds{ministry="labour"} 3540.0')
    assert post.tells('silent_feed{ministry="labour"} 0.0')
    assert post.tells('silent_feed{ministry="health"} 1.0')
    post.bench.later(minutes=2)
    watch.step(post.bench.now)
    assert post.tells('silent_feed{ministry="labour"} 1.0')
    assert not post.tells('silent_feed{ministry="justice"} 0.0')


def test_the_moment_that_the_newest_backup_shows(post: Post) -> None:
    watch, newest = post.watch(), datetime(2026, 1, 2, tzinfo=UTC)
    watch.step(post.bench.now)
    assert post.tells("backup_completed_timestamp_seconds NaN")
    with post.bench.database.transaction() as tx:
        for moment in (newest, newest - timedelta(days=1)):
            made = Backup(uuid.uuid4(), moment, 1, "0" * 64, verified=True)
            backups.note(tx, Event.MADE, made, "database-owner", post.bench.now)
    watch.step(post.bench.now)
    assert post.tells("backup_completed_timestamp_seconds 1.767312e+09")


def test_only_one_watch_leads_and_another_takes_over_when_its_connection_ends(
    post: Post, connect: Callable[[], Database]
) -> None:
    first, second = connect(), connect()
    other = Post(post.bench, post.url)
    leading = post.watch(database=first, leadership=Leadership(first))
    waiting = other.watch(database=second, leadership=Leadership(second))
    assert leading.step(post.bench.now)
    assert leading.step(post.bench.now)
    assert not waiting.step(post.bench.now)
    assert post.tells("leader 1.0")
    assert other.tells("leader 0.0")
    assert not other.tells('unaccounted{ministry="labour"} 0.0')
    first.close()
    assert waiting.step(post.bench.now)
    assert not leading.step(post.bench.now)
    assert other.tells('unaccounted{ministry="labour"} 0.0')
    assert not post.tells('unaccounted{ministry="labour"} 0.0')
    assert post.tells("database_bytes NaN")


def test_the_server_shows_how_near_its_limits_it_is(post: Post) -> None:
    post.watch().step(post.bench.now)
    limit = post.bench.rows("SELECT current_setting('max_connections')::integer AS most")
    assert post.tells(f"database_connections_limit {float(limit[0]['most'])}")
    assert not post.tells("database_connections 0.0")


def test_connections_and_transactions_are_told_by_what_they_are_for(post: Post) -> None:
    database = Database(post.url, application_name="qovsaq proof", observer=post.metrics)
    for _ in range(2):
        with database.transaction() as tx:
            tx.rows("SELECT 1")
    database.close()
    with database.transaction() as tx:
        tx.rows("SELECT 1")
    database.close()
    assert post.tells('database_connections_opened_total{purpose="proof"} 2.0')
    assert post.tells('database_seconds_count{purpose="proof"} 3.0')
