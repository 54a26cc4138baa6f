"""The hub runs under a role that owns nothing and cannot change evidence."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from connectors._kit.discover import discover
from hub.bootstrap import bring_up_to_date
from hub.cli.ending import Exit
from hub.evidence import operators
from hub.evidence.chain.sealer import Sealer
from hub.evidence.chain.verifying import verify
from hub.store import rights
from hub.store.database import Database
from routing.observer import Unobserved
from tests.support.commands import CommandLine
from tests.support.database_role import hub_role, url_as
from tests.support.desk_bench import CONTRACT, DeskBench, of_person, park_one
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.database

OPS = Path(__file__).parents[2] / "ops" / "postgres"


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    with hub_role(database_url) as made:
        yield made


@pytest.fixture
def role_url(role: str, database_url: str) -> str:
    return url_as(role, database_url)


@pytest.fixture
def bench(role_url: str) -> Iterator[DeskBench]:
    """Intake, registry, desk and relay, none of them as the owner of the database."""
    database = Database(role_url)
    made = DeskBench(database, discover(), url=role_url)
    yield made
    made.close()
    database.close()


def granted(url: str, role: str) -> None:
    database = Database(url)
    with database.transaction() as tx:
        rights.grant(tx, role)
    database.close()


def refused(url: str, statement: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute(statement.encode())
        except InsufficientPrivilege:
            return True
    return False


def test_the_whole_path_works_under_the_role_from_intake_to_a_corrected_letter(
    bench: DeskBench, role_url: str
) -> None:
    letter = park_one(bench)
    shown = bench.desk.show(bench.tokens["aysel"], letter, with_body=True)
    content = orjson.dumps(orjson.loads(shown["body"]) | {"position": "Mühasib"})
    made = bench.desk.correct(bench.tokens["aysel"], letter, content, "a wrong position")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.replay()
    bench.settle_down()
    bench.send("labour", CONTRACT, message_id="m-2")
    assert bench.balanced()
    bench.park(of_person(1, 1))
    (parked,) = bench.letters(state="parked")
    bench.desk.discard(bench.tokens["aysel"], [parked["letter_id"].hex], "a test")
    bench.settle_down()
    bench.later(seconds=600)
    bench.relay.step(bench.now)
    assert set(bench.log()) <= {"written", "unchanged", "superseded", "replaced", "discarded"}
    with bench.database.transaction() as tx:
        operators.revoke(tx, "behruz", bench.tokens["aysel"], bench.now)
    sealer = Sealer(Database(role_url), Unobserved())
    assert sealer.step(bench.now + timedelta(seconds=5)) >= 2
    with sealer.database.transaction() as tx:
        assert verify(tx).intact
    sealer.close()


@pytest.mark.parametrize(
    "table",
    [
        "evidence.audit",
        "evidence.chain",
        "evidence.custody",
        "evidence.journal_body",
        "outbound.disclosure",
        "outbound.grant_standing",
        "registry.person_history",
        "registry.civil_status_act_history",
    ],
)
def test_what_is_only_ever_added_to_cannot_be_changed_by_the_role(
    role_url: str, table: str
) -> None:
    assert refused(role_url, f"DELETE FROM {table}")
    assert refused(role_url, f"TRUNCATE {table}")
    assert refused(role_url, f"DROP TABLE {table}")
    assert refused(role_url, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    for column in columns(role_url, table):
        assert refused(role_url, f"UPDATE {table} SET {column} = DEFAULT")


def columns(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute("SELECT * FROM " + table + " LIMIT 0")
        return [each.name for each in cursor.description or ()]


def test_in_the_journal_the_role_may_count_and_nothing_else(role_url: str) -> None:
    free = {
        column
        for column in columns(role_url, "evidence.journal")
        if not refused(role_url, f"UPDATE evidence.journal SET {column} = DEFAULT")
    }
    assert free == {"arrivals", "records"}
    for statement in ("DELETE FROM evidence.journal", "TRUNCATE evidence.journal"):
        assert refused(role_url, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE evidence.record_log",
        "TRUNCATE registry.person",
        "CREATE TABLE evidence.mine ()",
        "CREATE SCHEMA mine",
        "SET session_replication_role = replica",
        "DELETE FROM evidence.journal_body_other",
        "UPDATE public.schema_version SET version_num = '0001'",
        "CREATE OR REPLACE FUNCTION evidence.forbid_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_the_role_can_alter_nothing_that_holds_it_back(role_url: str, statement: str) -> None:
    assert refused(role_url, statement)


def test_granting_again_takes_away_what_somebody_gave_beyond_it(
    database_url: str, role: str, role_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"GRANT DELETE ON evidence.audit TO {role}".encode())
        connection.execute(f"GRANT UPDATE (sender) ON evidence.journal TO {role}".encode())
    granted(database_url, role)
    assert refused(role_url, "DELETE FROM evidence.audit")
    assert refused(role_url, "UPDATE evidence.journal SET sender = NULL")


def test_a_role_that_cannot_be_held_back_is_refused(database_url: str) -> None:
    owner = urlsplit(database_url).username or "postgres"
    qovsaq = CommandLine({"QOVSAQ_DATABASE_URL": database_url})
    for name, words in ((owner, "owns the tables"), ("nobody_there", "no such role")):
        answer = qovsaq("migrate", "--grant-to", name)
        assert answer.status == Exit.BROKEN
        assert words in answer.err


def test_migrating_grants_and_a_command_then_works_as_the_role(
    empty_database_url: str,
) -> None:
    bring_up_to_date(empty_database_url)
    with hub_role(empty_database_url) as role:
        migrated = CommandLine({"QOVSAQ_DATABASE_URL": empty_database_url})
        assert migrated("migrate", "--grant-to", role).status == Exit.OK
        hub = CommandLine({"QOVSAQ_DATABASE_URL": url_as(role, empty_database_url)})
        assert hub("operators", "add", "aysel").status == Exit.OK
        assert hub("audit", "verify").status == Exit.OK


def test_the_script_for_containers_makes_a_role_that_can_be_granted_to(
    postgres: PostgresServer, database_url: str, tmp_path: Path
) -> None:
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed")
    name = f"qovsaq_test_{uuid.uuid4().hex[:12]}"
    script = tmp_path / "hub-role.sh"
    script.write_text((OPS / "hub-role.sh").read_text("utf-8").replace("qovsaq_hub", name))
    secret = tmp_path / "secret"
    secret.write_text("it's; secret")
    subprocess.run(["bash", script], check=True, timeout=200, env=_environment(postgres, secret))
    try:
        granted(database_url, name)
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def _environment(postgres: PostgresServer, secret: Path) -> dict[str, str]:
    parts = urlsplit(postgres.url)
    return {
        "PATH": "/usr/bin:/bin",
        "PGHOST": parts.hostname or parse_qs(parts.query)["host"][0],
        "PGPORT": str(parts.port or 5432),
        "PGPASSWORD": parts.password or "",
        "POSTGRES_USER": parts.username or "postgres",
        "HUB_PASSWORD_FILE": str(secret),
    }
