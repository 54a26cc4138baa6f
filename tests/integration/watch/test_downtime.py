"""The downtime register: entries that open and close by themselves, windows, remarks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from connectors._kit.discover import discover
from hub.bootstrap import bring_up_to_date
from hub.cli import checkup
from hub.crew import at_work
from hub.delivery import subscribers
from hub.evidence.downtime import register
from hub.evidence.downtime.register import Kind, Paused, Window
from hub.evidence.outages import OutageLog
from hub.hop import Hop, Pace
from hub.intake.handler import IntakeHandler
from hub.metrics import Metrics
from hub.settings import Settings
from hub.store.database import Database, Row
from hub.watch.calendar import Calendar, Pattern
from routing.memory import MemoryBus
from routing.topology import topology
from schemas.subscriber_document import SubscriberDocument
from tests.integration.watch.test_watch import Post
from tests.support.commands import CommandLine
from tests.support.intake_bench import Bench, sample
from tests.support.needs import needing
from tests.support.postgres import PrivatePostgres, running_private_postgres
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
ALWAYS = Calendar(Pattern.CONTINUOUS, timedelta(hours=1))


@pytest.fixture
def post(database_url: str) -> Iterator[Post]:
    database = Database(database_url)
    bench = Bench(database, discover())
    yield Post(bench, database_url)
    bench.bus.close()
    database.close()


@pytest.fixture
def server() -> Iterator[PrivatePostgres]:
    with needing("PostgreSQL"), running_private_postgres() as server:
        bring_up_to_date(server.url)
        yield server


def entries(database: Database) -> list[Row]:
    with database.transaction() as tx:
        return register.entries(
            tx, datetime(2020, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        )


def test_a_database_that_is_stopped_for_a_while_is_entered_with_its_interval(
    server: PrivatePostgres,
) -> None:
    """Everything real but the bus: the worker's clock and the server's life are the machine's."""
    bus, metrics, database = (
        MemoryBus(topology(discover()), linger=0),
        Metrics(),
        Database(server.url),
    )
    subscription = bus.subscribe(["intake.labour.live"], prefetch=10)
    handler = IntakeHandler("intake@here:1:a", database, subscription, discover(), metrics)
    pace = Pace(wait_seconds=0.05, pause_seconds=0.05, longest_pause_seconds=0.2)
    log = OutageLog(database, "intake@here:1:a")
    hop = Hop(
        "intake", subscription, handler, clock=lambda: datetime.now(UTC), observer=metrics,
        pace=pace, keep=log.keep,
    )  # fmt: skip
    line = b'qovsaq_breaker_open{dependency="database",hop="intake"} '
    with at_work({"intake": hop}, threading.Event()):
        stopped = datetime.now(UTC)
        server.stop()
        wait_until(lambda: line + b"1.0" in metrics.expose(), 120, "the breaker")
        opened = datetime.now(UTC)
        back = datetime.now(UTC)
        server.start()
        wait_until(lambda: line + b"0.0" in metrics.expose(), 120, "the breaker, closed")
        closed = datetime.now(UTC)
    bench_database = Database(server.url)
    post = Post(Bench(bench_database, discover()), server.url)
    for _ in range(2):
        post.watch().step(datetime.now(UTC))
    (entry,) = entries(bench_database)
    bench_database.close()
    assert (entry["component"], entry["source"], entry["opened_by"]) == ("database", "", "breaker")
    assert stopped <= entry["began_at"] <= opened
    assert back <= entry["ended_at"] <= closed


def test_a_silent_feed_is_entered_until_its_next_message(post: Post) -> None:
    watch = post.watch(calendars={"labour": ALWAYS})
    post.bench.send("labour", CONTRACT)
    post.bench.work()
    watch.step(post.bench.now)
    assert entries(post.bench.database) == []
    post.bench.later(hours=2)
    silent_since = post.bench.now
    for _ in range(2):
        watch.step(post.bench.now)
        post.bench.later(minutes=1)
    (entry,) = entries(post.bench.database)
    assert (entry["component"], entry["source"]) == ("feed", "labour")
    assert (entry["began_at"], entry["ended_at"]) == (silent_since, None)
    post.bench.send("labour", CONTRACT, "m-2")
    post.bench.work()
    heard = post.bench.now
    post.bench.later(minutes=1)
    watch.step(post.bench.now)
    assert [row["ended_at"] for row in entries(post.bench.database)] == [heard]


def test_a_window_explains_the_silence_and_is_told_to_the_alerts(post: Post) -> None:
    now = post.bench.now
    end = now + timedelta(hours=3)
    window = Window(Kind.PLANNED, "service", "labour", now, end, "new release")
    with post.bench.database.transaction() as tx:
        register.hold(tx, window, "aysel", now)
    watch = post.watch(calendars={"labour": ALWAYS})
    watch.step(now + timedelta(hours=2))
    assert [row["kind"] for row in entries(post.bench.database)] == ["planned"]
    until = 'planned_downtime_until{component="service",source="labour"} 1.7724384e+09'
    assert post.tells(until)
    watch.step(now + timedelta(hours=4))
    assert [row["kind"] for row in entries(post.bench.database)] == ["planned", "outage"]


@pytest.fixture
def qovsaq(database_url: str) -> CommandLine:
    command = CommandLine({"QOVSAQ_DATABASE_URL": database_url})
    token = command("operators", "add", "aysel").out.strip()
    return CommandLine({**command.settings, "QOVSAQ_OPERATOR_TOKEN": token})


def test_people_announce_explain_and_report(qovsaq: CommandLine, tmp_path: object) -> None:
    announced = qovsaq(
        "downtime", "announce", "hub", "--from", "2026-03-02T22:00", "--until", "2026-03-03T02:00",
        "--cause", "release 2",
    )  # fmt: skip
    assert (announced.status, announced.out) == (0, "announced under number 1\n"), announced.err
    assert (
        qovsaq("downtime", "explain", "1", "--responsible", "IT", "--remark", "went well").status
        == 0
    )
    listed = qovsaq("downtime", "list", "--days", "3660", "--json").json
    assert [(e["kind"], e["responsible"], e["remark"]) for e in listed] == [
        ("planned", "IT", "went well")
    ]
    report = qovsaq("downtime", "report", "justice", "2026-03")
    assert "2026-03-02 22:00:00,2026-03-03 02:00:00,240.0,release 2,IT,went well" in report.out
    assert "availability 100.0000%" in report.out


def test_what_cannot_be_is_declined(qovsaq: CommandLine, database_url: str) -> None:
    stranger = CommandLine({"QOVSAQ_DATABASE_URL": database_url})
    assert stranger("pause", "justice", "--reason", "x").status == 1
    assert qovsaq("downtime", "explain", "7", "--remark", "x").status == 1
    backwards = ("--from", "2026-03-03T22:00", "--until", "2026-03-03T02:00", "--cause", "x")
    assert qovsaq("downtime", "announce", "hub", *backwards).status == 1
    assert qovsaq("pause", "nobody", "--reason", "x").status == 2
    assert qovsaq("downtime", "list", "--json").json == []


def test_a_ministry_is_paused_once_until_it_is_resumed(
    qovsaq: CommandLine, database_url: str
) -> None:
    def held(name: str) -> bool:
        with database.transaction() as tx:
            return register.held(tx, name, datetime.now(UTC))

    database = Database(database_url)
    assert qovsaq("pause", "justice", "--reason", "their move").status == 0
    assert held("justice")
    assert not held("labour")
    assert qovsaq("pause", "justice", "--reason", "again").status == 1
    assert qovsaq("resume", "justice", "--reason", "they are back").status == 0
    assert not held("justice")
    assert qovsaq("resume", "justice", "--reason", "again").status == 1
    with database.transaction() as tx:
        acts = tx.rows(
            "SELECT action, reason FROM evidence.audit WHERE actor = 'aysel' ORDER BY entry_id"
        )
    database.close()
    assert [row["action"] for row in acts] == ["downtime-pause", "downtime-resumed"]


def test_remarks_are_only_ever_added(qovsaq: CommandLine, database_url: str) -> None:
    qovsaq("pause", "justice", "--reason", "their move")
    assert qovsaq("downtime", "explain", "1", "--remark", "agreed by telephone").status == 0
    database = Database(database_url)
    with pytest.raises(psycopg.Error), database.transaction() as tx:
        tx.execute("UPDATE evidence.downtime_remark SET remark = 'never agreed'")
    database.close()


def test_a_subscriber_is_paused_by_its_name_and_doctor_says_what_ends_it(
    qovsaq: CommandLine, database_url: str
) -> None:
    names = ("justice", "pension-fund")
    database = Database(database_url)
    token = qovsaq.settings["QOVSAQ_OPERATOR_TOKEN"]
    with database.transaction() as tx:
        for name in names:
            document = {"subscriber": name, "title": "x", "channel": "amqp", "records": ["person"]}
            made = SubscriberDocument.model_validate(document)
            subscribers.put(tx, token, made, datetime.now(UTC))

    def paused() -> Paused:
        with database.transaction() as tx:
            return register.paused(tx, datetime.now(UTC))

    for name in names:
        assert qovsaq("pause", name, "--reason", "their move").status == 0
    assert paused() == Paused(frozenset({"justice"}), frozenset({"pension-fund"}))
    assert qovsaq("pause", "justice", "--subscriber", "--reason", "as well").status == 0
    assert paused().subscribers == {"justice", "pension-fund"}
    findings = checkup.look(
        Settings(database_url=database_url), topology(["justice"]), lambda: datetime.now(UTC)
    )
    remedies = [f.remedy for f in findings if f.subject == "pause"]
    assert remedies == [
        "run `qovsaq resume justice`",
        "run `qovsaq resume pension-fund`",
        "run `qovsaq resume justice --subscriber`",
    ]
    for line in remedies:
        words = line.split("`")[1].split()[1:]
        assert qovsaq(*words, "--reason", "they are back").status == 0
    assert paused() == Paused()
    database.close()
