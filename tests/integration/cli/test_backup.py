"""``qovsaq backup`` and ``restore``: what is in a backup, what is not, and what is found wrong."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.evidence import audit, backups
from hub.evidence.audit import Act
from hub.settings import Settings
from hub.store.database import Database
from tests.support.commands import Answer, CommandLine
from tests.support.outbound_bench import outbound_bench
from tests.support.postgres import PostgresServer
from tests.support.servers import free_port

pytestmark = [pytest.mark.broker, pytest.mark.database]

PASSWORD = "hunter2-of-the-broker"


@pytest.fixture(scope="module")
def deployment(
    postgres: PostgresServer,
    template_database: str,
    broker_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CommandLine]:
    """A deployment that is set up by a file, with a secret in it."""
    folder, name = tmp_path_factory.mktemp("deployment"), f"{template_database}_backup"
    file = folder / "qovsaq.toml"
    file.write_text(
        f'relay_limit = 5\n[poll.justice]\nurl = "https://justice:{PASSWORD}@127.0.0.1/"\n'
        'page_size = 7\n[feeds.labour]\nworking_days = ["mon", "tue"]\n',
        encoding="utf-8",
    )
    settings = {
        "QOVSAQ_BROKER_URL": broker_url,
        "QOVSAQ_DATABASE_URL": postgres.create(name, template_database),
        "QOVSAQ_CONFIG": str(file),
        "QOVSAQ_BACKUP__FOLDER": str(folder / "kept"),
    }
    yield CommandLine(settings)
    postgres.drop(name)


@pytest.fixture(scope="module")
def made(deployment: CommandLine) -> Answer:
    answer = deployment("backup", "--verify", "--json")
    assert answer.status == 0, answer.out + answer.err
    return answer


@pytest.fixture
def copied(made: Answer, tmp_path: Path) -> Path:
    """A copy of the backup, to do harm to."""
    return Path(shutil.copytree(folder_of(made), tmp_path / "copy"))


def folder_of(made: Answer) -> Path:
    return Path(made.json["folder"])


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_a_backup_is_verified_kept_to_oneself_and_written_down(
    made: Answer, deployment: CommandLine
) -> None:
    folder = folder_of(made)
    assert made.json["verified"] is True
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "database.dump", "settings.toml", "topology.json",
    }  # fmt: skip
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert "intake.justice" in (folder / "topology.json").read_text()
    database = Database(deployment.settings["QOVSAQ_DATABASE_URL"])
    with database.transaction() as tx:
        row = backups.known(tx, 10)[-1]
        assert row["verified"]
        (act,) = audit.about(tx, f"backup:{row['backup_id'].hex}")
    database.close()
    assert (act["actor"], act["action"]) == ("database-owner", "backup-made")
    assert deployment("restore", str(folder), "--verify").status == 0


def test_secrets_are_left_out_and_named(
    made: Answer, deployment: CommandLine, tmp_path: Path
) -> None:
    folder = folder_of(made)
    assert PASSWORD.encode() not in everything_in(folder)
    assert b"guest:guest" not in everything_in(folder)
    assert made.json["manifest"]["left_out"] == ["broker_url", "database_url", "poll.justice.url"]
    kept = tmp_path / "again.toml"
    answer = deployment("restore", str(folder), "--settings-to", str(kept))
    assert answer.status == 0, answer.err
    assert "not in the backup: poll.justice.url" in answer.out
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("QOVSAQ_CONFIG", str(kept))
        settings = Settings()
    assert (settings.relay_limit, settings.poll["justice"].page_size) == (5, 7)
    assert settings.feeds["labour"].working_days == ("mon", "tue")


def test_sealed_secrets_open_with_the_keys_and_with_nothing_else(
    deployment: CommandLine, tmp_path: Path
) -> None:
    keys = tmp_path / "sealing.keys"
    keys.write_text(f"2026 {base64.b64encode(os.urandom(32)).decode()}\n", encoding="ascii")
    settings = {**deployment.settings, "QOVSAQ_EVIDENCE__SEALING_KEYS": str(keys)}
    made = CommandLine(settings)("backup", "--json")
    assert made.status == 0, made.err
    folder, kept = folder_of(made), tmp_path / "again.toml"
    assert PASSWORD.encode() not in everything_in(folder)
    assert made.json["manifest"]["sealed_with"] == "2026"
    without = deployment("restore", str(folder), "--settings-to", str(kept))
    assert (without.status, kept.exists()) == (3, False)
    assert CommandLine(settings)("restore", str(folder), "--settings-to", str(kept)).status == 0
    assert PASSWORD in kept.read_text()
    assert oct(kept.stat().st_mode & 0o777) == "0o600"
    again = CommandLine(settings)("restore", str(folder), "--settings-to", str(kept))
    assert (again.status, "File exists" in again.err) == (3, True)


@pytest.mark.parametrize("name", ["database.dump", "settings.toml", "topology.json"])
def test_a_file_that_was_changed_is_named(copied: Path, deployment: CommandLine, name: str) -> None:
    path = copied / name
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = deployment("restore", str(path.parent), "--verify")
    assert answer.status == 3
    assert f"{name}: not the file that the manifest describes" in answer.err


def test_a_folder_that_is_no_backup_or_an_unfinished_one_is_refused(
    copied: Path, deployment: CommandLine
) -> None:
    (copied / "manifest.json").unlink()
    answer = deployment("restore", str(copied), "--verify")
    assert (answer.status, "a backup is complete when it has one" in answer.err) == (3, True)


def test_a_copy_that_lacks_rows_is_not_good(copied: Path, deployment: CommandLine) -> None:
    manifest = copied / "manifest.json"
    stated = json.loads(manifest.read_text())
    stated["tables"]["evidence.audit"] += 1
    manifest.write_text(json.dumps(stated))
    answer = deployment("restore", str(manifest.parent), "--verify", "--json")
    assert answer.status == 1
    (fault,) = answer.json["faults"]
    assert fault.startswith("evidence.audit: ")


def test_nothing_is_restored_over_what_is_there(made: Answer, deployment: CommandLine) -> None:
    answer = deployment("restore", str(folder_of(made)))
    assert answer.status == 3
    assert "the database is not empty" in answer.err


def test_a_broker_that_is_down_keeps_nobody_from_a_backup(
    deployment: CommandLine, tmp_path: Path
) -> None:
    alone = {**deployment.settings, "QOVSAQ_BROKER_URL": f"amqp://127.0.0.1:{free_port()}"}
    answer = CommandLine(alone)("backup", "--to", str(tmp_path), "--json")
    assert answer.status == 0
    assert "the broker was not asked" in answer.err


def test_programs_that_are_not_there_are_asked_for(deployment: CommandLine, tmp_path: Path) -> None:
    nowhere = {**deployment.settings, "QOVSAQ_BACKUP__PROGRAMS": str(tmp_path)}
    answer = CommandLine(nowhere)("backup")
    assert answer.status == 3
    assert "QOVSAQ_BACKUP__PROGRAMS" in answer.err


def test_a_restored_hub_is_careful_with_what_it_cannot_know(
    postgres: PostgresServer, broker_url: str, database_url: str, tmp_path: Path
) -> None:
    """A revocation after the backup is not known to what was restored (promise 4), nor are the
    numbers that were given since."""
    with outbound_bench(database_url) as bench:
        bench.grant()
    qovsaq = CommandLine({"QOVSAQ_BROKER_URL": broker_url, "QOVSAQ_DATABASE_URL": database_url})
    made = qovsaq("backup", "--to", str(tmp_path), "--json")
    assert made.status == 0, made.err
    after_the_backup, everybodys = entered(database_url), for_everybody(database_url)
    name = urlsplit(database_url).path.strip("/")
    postgres.drop(name)
    postgres.create(name, "template0")
    restored = qovsaq("restore", made.json["folder"])
    assert restored.status == 0, restored.out + restored.err
    (grant,) = json.loads(qovsaq("grants", "list", "--json").out)
    assert grant["standing"] == "suspended"
    assert f"qovsaq grants lift {grant['grant_id']}" in restored.out
    assert entered(database_url) > after_the_backup + 900_000
    assert qovsaq("audit", "verify").status == 0
    assert for_everybody(database_url) == everybodys


def for_everybody(url: str) -> set[str]:
    """Name the functions that every role may call: a dump keeps no rights."""
    database = Database(url)
    with database.transaction() as tx:
        rows = tx.rows(
            "SELECT p.oid::regprocedure::text AS name FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema'"
            " AND has_function_privilege('public', p.oid, 'EXECUTE')"
        )
    database.close()
    return {row["name"] for row in rows}


def entered(url: str) -> int:
    """Make an entry in the audit and tell its number."""
    database = Database(url)
    with database.transaction() as tx:
        audit.record(tx, Act("a", "b", "c"), datetime.now(UTC))
        (row,) = tx.rows("SELECT max(entry_id) AS n FROM evidence.audit")
    database.close()
    return int(row["n"])
