"""Drills on real servers: what they find in a hub that is well, and in one that is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.bootstrap import Hub, Kind, bring_up_to_date
from hub.drills import catalogue
from hub.drills.alerts import Alerts
from hub.drills.course import Course
from hub.evidence import operators
from hub.store.database import Database
from hub.watch.outages import Keeper
from tests.reliability.stage import Stage, Traffic
from tests.support.commands import Answer, CommandLine
from tests.support.needs import needing
from tests.support.postgres import PrivatePostgres, running_private_postgres
from tests.support.private_broker import PrivateBroker
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(600),
]
CREW = {Kind.INTAKE: 1, Kind.REGISTRY: 1, Kind.RELAY: 1, Kind.DESK: 1}
LIVE = "SELECT count(*) AS n FROM registry.claim"


@pytest.fixture
def traffic() -> Traffic:
    """Nothing but what drills send."""
    return Traffic((), ())


@dataclass(frozen=True)
class Ground:
    """A stage, and the commands of whoever runs a drill on it."""

    stage: Stage
    qovsaq: CommandLine

    def drill(self, *words: str) -> Answer:
        with self.at_work():
            return self.qovsaq("drill", *words, "--json")

    @contextmanager
    def at_work(self, kinds: Collection[str] = ("intake", "registry", "relay")) -> Iterator[Hub]:
        """Have the crew at work, from when each of it was heard of."""
        with self.stage.working() as hub:
            wait_until(lambda: self._alive() >= set(kinds), 120, "the crew at work")
            yield hub

    def _alive(self) -> set[str]:
        return {row["kind"] for row in self.stage.rows("SELECT kind FROM evidence.worker")}


@pytest.fixture
def ground(stage: Callable[..., Stage]) -> Callable[..., Ground]:
    def made(**given: Any) -> Ground:
        played = stage(**{"crew": CREW} | given)
        database = Database(played.database_url)
        with database.transaction() as tx:
            token = operators.add(tx, "drillmaster", None, datetime.now(UTC))
        database.close()
        settings = {
            "QOVSAQ_BROKER_URL": played.direct_url,
            "QOVSAQ_DATABASE_URL": played.database_url,
            "QOVSAQ_OPERATOR_TOKEN": token,
            "QOVSAQ_RETRY_RUNGS": "1s,2s",
        }
        return Ground(played, CommandLine(settings))

    return made


def checks(answer: Answer) -> dict[str, bool]:
    return {check["name"]: check["passed"] for check in answer.json["checks"]}


def course_on(hub: Hub, database: Database, **given: Any) -> Course:
    values: dict[str, Any] = {
        "drill": "0b" * 16, "database": database, "bus": hub.bus, "ledger": hub.ledger,
        "alerts": Alerts(None), "clock": hub.clock, "say": lambda _: None,
    }  # fmt: skip
    return Course(**values | given)


def test_poison_is_parked_alone_and_its_letter_given_up(ground: Callable[..., Ground]) -> None:
    field = ground()
    answer = field.drill("poison")
    assert (answer.status, answer.json["passed"]) == (0, True), answer.out + answer.err
    assert answer.json["fates"].keys() == {"discarded test-mode"}
    (letter,) = field.stage.rows("SELECT state, cause FROM desk.letter")
    assert letter == {"state": "discarded", "cause": "canonical-batch"}
    assert field.stage.rows(LIVE) == [{"n": 0}]
    (listed,) = field.qovsaq("drill", "list", "--json").json
    assert (listed["name"], listed["by"], listed["passed"]) == ("poison", "drillmaster", True)
    shown = field.qovsaq("drill", "show", listed["drill_id"][:8])
    assert (shown.status, "the bad one is a letter at the desk" in shown.out) == (0, True)
    acts = field.stage.rows(
        "SELECT action, outcome FROM evidence.audit WHERE object LIKE 'drill:%' ORDER BY entry_id"
    )
    assert [(act["action"], act["outcome"]) for act in acts] == [
        ("drill-begun", "done"),
        ("drill-ended", "passed"),
    ]


def test_a_flood_asks_first_and_is_worked_off(ground: Callable[..., Ground]) -> None:
    field = ground()
    with field.at_work():
        asked = field.qovsaq("drill", "flood", "--count", "300")
        assert asked.status == 1
        assert "live traffic shares the workers" in asked.err
        assert field.stage.rows("SELECT FROM evidence.drill") == []
        answer = field.qovsaq("drill", "flood", "--count", "300", "--yes", "--json")
    assert (answer.status, answer.json["messages"]) == (0, 360), answer.out + answer.err
    assert answer.json["seconds"] > 0
    assert field.stage.rows(LIVE) == [{"n": 0}]


def test_a_hub_that_does_not_run_is_not_tested(ground: Callable[..., Ground]) -> None:
    answer = ground().qovsaq("drill", "poison")
    assert answer.status == 3
    assert "nothing to test: intake, registry, relay not running" in answer.err


def test_a_drill_that_finds_something_fails_and_says_what(ground: Callable[..., Ground]) -> None:
    """The registry does not work: what was sent has no end."""
    field = ground(crew={Kind.INTAKE: 1, Kind.RELAY: 1})
    with field.at_work({"intake", "relay"}):
        field.stage.rows(
            "INSERT INTO evidence.worker VALUES ('r', 'registry', '', NULL, now()) RETURNING 1"
        )
        answer = field.qovsaq(
            "drill", "flood", "--count", "5", "--yes", "--patience", "2", "--json"
        )
    assert (answer.status, answer.json["passed"]) == (1, False), answer.out + answer.err
    assert checks(answer)["every record has its end"] is False
    (listed,) = field.qovsaq("drill", "list", "--json").json
    assert listed["passed"] is False


def test_a_restart_of_the_broker_that_a_person_makes_costs_no_record(
    ground: Callable[..., Ground], private_broker: PrivateBroker
) -> None:
    field = ground(direct_url=private_broker.url, broker_url=private_broker.url)
    private_broker.settle()
    steps = iter((private_broker.stop, private_broker.start))

    def person(seconds: float) -> None:
        """Does the next thing whenever the drill waits."""
        next(steps, lambda: time.sleep(seconds))()

    with field.at_work() as hub:
        database = hub.database("drill")
        course = course_on(hub, database, wait=person)
        catalogue.broker_restart(course)
        database.close()
    assert course.passed, course.checks
    seen = {check.name: check.seen for check in course.checks}
    assert (seen["it went away"], seen["it came back"]) == ("it did", "the broker answers")
    assert course.facts["fates"].keys() == {"discarded test-mode"}


@pytest.fixture
def private_postgres() -> Iterator[PrivatePostgres]:
    with needing("PostgreSQL"), running_private_postgres() as server:
        bring_up_to_date(server.url)
        yield server


def test_a_failover_of_the_database_costs_no_record(
    ground: Callable[..., Ground], private_postgres: PrivatePostgres
) -> None:
    field = ground(database_url=private_postgres.url)

    def harm() -> None:
        private_postgres.kill()
        private_postgres.start()

    with field.at_work() as hub:
        database = hub.database("drill")
        course = course_on(hub, database, harm=harm)
        catalogue.database_failover(course)
        database.close()
    assert course.passed, course.checks
    assert course.facts["fates"].keys() == {"discarded test-mode"}


def test_a_ministry_that_falls_silent_and_speaks_again_is_noticed(
    ground: Callable[..., Ground],
) -> None:
    field = ground()
    with field.at_work() as hub:
        database = hub.database("drill")
        course = course_on(hub, database, facts={"ministry": "labour"}, wait=lambda _: look())

        def look() -> None:
            """The watch, with a calendar under which one that never sent is silent."""
            quiet = [] if course.sent and course.arrived() else ["labour"]
            keeper = Keeper(database, hub.metrics, hub.settle)
            keeper.tend(quiet, {"labour": hub.clock()} if not quiet else {}, hub.clock())

        catalogue.ministry_silent(course)
        database.close()
    assert course.passed, course.checks
    assert [check.name for check in course.checks[:2]] == [
        "the silence was noticed",
        "its end was noticed",
    ]
