"""What goes after its time, what stays for ever, and what nobody may take while it is needed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.errors import RaiseException

from connectors._kit.discover import discover
from hub.evidence import audit
from hub.evidence.chain.sealer import Sealer
from hub.evidence.chain.verifying import verify
from hub.evidence.record_log import State
from hub.evidence.retention import BODIES, RULES, Retention
from hub.settings import InvalidSettings, Settings, load
from hub.store.database import Database
from routing.observer import Unobserved
from tests.support.commands import CommandLine
from tests.support.database_role import hub_role, url_as
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

TODAY = datetime.now(UTC)
LONG_AGO = TODAY - timedelta(days=500)
CONTRACT = sample("labour", "concluded.in.json")


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    """A message of long ago, journalled; its record is on its way."""
    bench = Bench(database, discover(), now=LONG_AGO)
    bench.relay.step(LONG_AGO)  # makes the partition of that day
    bench.send("labour", CONTRACT)
    bench.work()
    end(bench, State.RECEIVED)
    yield bench
    bench.bus.close()


def end(bench: Bench, state: State) -> None:
    """Put every record into a state, whatever became of it."""
    with bench.database.transaction() as tx:
        tx.execute("UPDATE evidence.record_log SET state = %s, receipted = %s", [state, state])


def retention(bench: Bench, **periods: int) -> Retention:
    return Retention(bench.database, periods or {BODIES: 365}, Unobserved())


def bodies(bench: Bench) -> int:
    (row,) = bench.rows("SELECT count(*) AS n FROM evidence.journal_body")
    return int(row["n"])


def test_bodies_go_with_their_day_and_the_chain_still_holds(bench: Bench) -> None:
    end(bench, State.WRITTEN)
    Sealer(bench.database, Unobserved()).step(TODAY)
    partition = f"evidence.journal_body_{bench.now.astimezone(UTC) + timedelta(hours=4):%Y%m%d}"
    assert bench.rows("SELECT to_regclass(%s) AS name", partition)[0]["name"]
    assert retention(bench).go_round(TODAY) == {BODIES: 1}
    assert bodies(bench) == 0
    assert bench.rows("SELECT to_regclass(%s) AS name", partition)[0]["name"] is None
    assert bench.rows("SELECT length(body_sha256) AS n FROM evidence.journal") == [{"n": 64}]
    with bench.database.transaction() as tx:
        assert verify(tx).intact
        (act,) = tx.rows("SELECT * FROM evidence.audit")
    assert (act["actor"], act["action"], act["detail"]) == (
        "retention", "bodies-dropped", {"bodies": 1},
    )  # fmt: skip
    assert bench.ledger().balanced


def test_bodies_without_a_partition_of_their_own_go_in_steps(database: Database) -> None:
    bench = Bench(database, discover(), now=LONG_AGO)
    for number in range(3):
        bench.send("labour", CONTRACT, f"m-{number}")
    bench.work()
    end(bench, State.WRITTEN)
    with database.transaction() as tx:
        day = LONG_AGO.astimezone(UTC) + timedelta(hours=4)
        for left in (2, 1, 0):
            (row,) = tx.rows("SELECT evidence.drop_bodies(%s, %s, %s) AS n", [day.date(), 1, "me"])
            assert (row["n"], tx.rows("SELECT count(*) AS n FROM evidence.journal_body")) == (
                1, [{"n": left}],
            )  # fmt: skip
    bench.bus.close()


@pytest.mark.parametrize("state", [State.RECEIVED, State.RETRYING, State.PARKED])
def test_a_day_stays_while_a_record_of_it_is_on_its_way_or_parked(
    bench: Bench, state: State
) -> None:
    end(bench, state)
    keeper = retention(bench)
    (due,) = keeper.due(TODAY)
    assert due.needed == 1
    assert keeper.go_round(TODAY) == {BODIES: 0}
    assert bodies(bench) == 1
    with bench.database.transaction() as tx:  # nor does the function give way to somebody else
        day = (LONG_AGO + timedelta(hours=4)).date()
        assert tx.rows("SELECT evidence.drop_bodies(%s, 9, 'x') AS n", [day]) == [{"n": 0}]
    assert bodies(bench) == 1


def test_fresh_bodies_stay_whoever_asks(database: Database) -> None:
    with pytest.raises(RaiseException), database.transaction() as tx:
        tx.execute("SELECT evidence.drop_bodies(%s, 9, 'x')", [TODAY.date()])
    with pytest.raises(InvalidSettings, match="30 days or more"):
        load(retention={"bodies_days": 29})


def test_what_is_within_its_period_stays(bench: Bench) -> None:
    end(bench, State.WRITTEN)
    assert retention(bench, **{BODIES: 501}).go_round(TODAY) == {BODIES: 0}
    assert retention(bench, **{BODIES: 0}).go_round(TODAY) == {}
    assert bodies(bench) == 1


OLD, NEW = TODAY - timedelta(days=100), TODAY - timedelta(days=1)
ROWS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    # Each kind: how a row is made, the row that goes first, those that stay after it.
    "letter_bodies": (
        """WITH l AS (INSERT INTO desk.letter (letter_id, origin, message_id, body_sha256,
               content_type, headers, size, ministry, lane, record_type, subject, version, rank,
               cause, field, explanation, state, first_parked_at, parked_at, changed_at)
           VALUES (gen_random_uuid(), 'q', 'm', 'x', 't', '{}', 1, 'labour', 'live', 'person', '',
               0, 0, 'c', '', 'e', %s, now(), now(), %s) RETURNING letter_id)
           INSERT INTO desk.letter_body (letter_id, body) SELECT letter_id, 'x' FROM l""",
        [("settled", OLD), ("settled", NEW), ("parked", OLD), ("sending", OLD), ("sent", OLD)],
    ),
    "notices": (
        """INSERT INTO evidence.notice (notice_id, ministry, body, created_at, published_at,
               correct_by) VALUES (gen_random_uuid(), 'labour', '{}', %s, %s, %s)""",
        [(OLD, OLD, None), (OLD, None, None), (NEW, NEW, None), (OLD, OLD, TODAY.date())],
    ),
    "outages": (
        """INSERT INTO evidence.breaker_event (worker_id, hop, turn, at, dependency, cause)
           VALUES ('w', 'h', 'opened', %s, 'd', 'c')""",
        [(OLD,), (NEW,)],
    ),
    "documents": (
        """INSERT INTO evidence.document (ministry, document_id, sha256, bytes, content_type, lane,
               records, chunks, chunk_bytes, chunk_records, started_at, updated_at, completed_at)
           VALUES ('labour', gen_random_uuid()::text, 'x', 1, 't', 'live', 1, 1, 1, 1, now(),
               now(), %s)""",
        [(OLD,), (NEW,), (None,)],
    ),
    "claims": (
        """INSERT INTO evidence.poison_claim (hop, key, crashes, claimed_at)
           VALUES ('h', gen_random_uuid()::text, 1, %s)""",
        [(OLD,), (NEW,)],
    ),
    "findings": (
        """INSERT INTO evidence.standing_finding (rule, ministry, record_type, subject, place,
               amount, state, opened_at, resolved_at)
           VALUES ('r', 'labour', 'person', '', gen_random_uuid()::text, 1, %s, now(), %s)""",
        [("resolved", OLD), ("resolved", NEW), ("open", None)],
    ),
}


@pytest.mark.parametrize("kind", RULES)
def test_rows_go_when_they_are_over_and_not_before(database: Database, kind: str) -> None:
    statement, made = ROWS[kind]
    with database.transaction() as tx:
        for values in made:
            tx.execute(statement, values)
    keeper = Retention(database, {kind: 50}, Unobserved())
    assert [(due.kind, due.amount) for due in keeper.due(TODAY)] == [(kind, 1)]
    assert keeper.go_round(TODAY) == {kind: 1}
    assert keeper.go_round(TODAY) == {kind: 0}
    table = next(r for r in RULES[kind] if r.name in statement)
    with database.transaction() as tx:
        (left,) = tx.rows(f"SELECT count(*) AS n FROM {table.name}")
        assert left["n"] == len(made) - 1
        (act,) = audit.about(tx, f"retention:{kind}")
    assert act["detail"] == {"table": table.name, "rows": 1, "days": 50}


def test_a_warning_stays_with_a_record_that_is_not_settled(bench: Bench) -> None:
    put = """INSERT INTO evidence.finding (record_id, rule, field, explanation, found_at)
             SELECT record_id, 'r', 'f', 'e', %s FROM evidence.record_log"""
    with bench.database.transaction() as tx:
        tx.execute("DELETE FROM evidence.finding")
        tx.execute(put, [LONG_AGO])
    assert retention(bench, findings=400).go_round(TODAY) == {"findings": 0}
    end(bench, State.WRITTEN)
    assert retention(bench, findings=400).go_round(TODAY)["findings"] > 0


def test_it_goes_round_once_a_day(bench: Bench) -> None:
    keeper = retention(bench, claims=30)
    put = "INSERT INTO evidence.poison_claim VALUES ('h', %s, 1, %s)"

    def left() -> int:
        keeper.step(TODAY if not left_once else TODAY + timedelta(days=left_once))
        return len(bench.rows("SELECT FROM evidence.poison_claim"))

    left_once = 0
    for _ in range(2):
        with bench.database.transaction() as tx:
            tx.execute(put, [uuid.uuid4().hex, LONG_AGO])
        left()
    assert left() == 1
    left_once = 1
    assert left() == 0


def test_the_role_that_owns_nothing_keeps_periods_too(bench: Bench, database_url: str) -> None:
    end(bench, State.WRITTEN)
    with hub_role(database_url) as role:
        database = Database(url_as(role, database_url))
        periods = Settings().retention.periods() | {BODIES: 365}
        gone = Retention(database, periods, Unobserved()).go_round(TODAY)
        database.close()
    assert gone == {BODIES: 1} | dict.fromkeys(RULES, 0)


def test_the_command_shows_first_and_takes_away_when_told(bench: Bench, database_url: str) -> None:
    end(bench, State.WRITTEN)
    qovsaq = CommandLine(
        {"QOVSAQ_DATABASE_URL": database_url, "QOVSAQ_RETENTION__BODIES_DAYS": "365"}
    )
    for words in (("show",), ("run", "--dry-run")):
        answer = qovsaq("retention", *words, "--json")
        assert (answer.status, bodies(bench)) == (0, 1)
        assert answer.json["due"][0] == {"kind": "bodies", "days": 365, "amount": 7, "needed": 0}
        assert answer.json["periods"]["letter_bodies"] == 365
    assert "7 days" in qovsaq("retention", "show").out
    answer = qovsaq("retention", "run", "--json")
    assert (answer.status, answer.json["gone"]["bodies"], bodies(bench)) == (0, 1, 0)
