"""``qovsaq backup --encrypt-for`` and what is restored of it, with a database's real programs."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hub.backup.encryption import HEADER, PIECE, TAG
from hub.store.database import Database
from tests.support.anchor_keys import KeyPair, new_pair
from tests.support.commands import Answer, CommandLine
from tests.support.outbound_bench import outbound_bench
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.broker, pytest.mark.database]

FILE = "database.dump.encrypted"
BALLAST = """
CREATE TABLE evidence.ballast AS
SELECT sha256(random()::text::bytea) AS noise FROM generate_series(1, 60000)
"""
"""More than one piece, after every compression."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return new_pair(tmp_path_factory.mktemp("keys"), "backup", X25519PrivateKey)


@pytest.fixture(scope="module")
def deployment(
    postgres: PostgresServer,
    template_database: str,
    broker_url: str,
    keys: KeyPair,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CommandLine]:
    """A deployment that encrypts for a key whose private half it does not have."""
    name = f"{template_database}_encrypted"
    url = postgres.create(name, template_database)
    with outbound_bench(url) as bench:
        bench.grant()
    database = Database(url)
    with database.transaction() as tx:
        tx.execute(BALLAST)
    database.close()
    yield CommandLine(
        {
            "QOVSAQ_BROKER_URL": broker_url,
            "QOVSAQ_DATABASE_URL": url,
            "QOVSAQ_BACKUP__FOLDER": str(tmp_path_factory.mktemp("kept")),
            "QOVSAQ_BACKUP__RECIPIENT": str(keys.public),
        }
    )
    postgres.drop(name)


@pytest.fixture(scope="module")
def made(deployment: CommandLine) -> Answer:
    answer = deployment("backup", "--verify", "--json")
    assert answer.status == 0, answer.out + answer.err
    return answer


@pytest.fixture
def copied(made: Answer, tmp_path: Path) -> Path:
    """A copy of the backup, to do harm to."""
    return Path(shutil.copytree(made.json["folder"], tmp_path / "copy"))


def changed(folder: Path, change: Callable[[bytes], bytes]) -> Path:
    """Change the dump of a copy, and the manifest with it, as somebody would who means it."""
    dump, manifest = folder / FILE, folder / "manifest.json"
    content = change(dump.read_bytes())
    dump.chmod(0o600)
    dump.write_bytes(content)
    stated = json.loads(manifest.read_text())
    stated["files"][FILE] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(stated))
    return folder


def scratch_databases(url: str) -> list[str]:
    database = Database(url)
    with database.transaction() as tx:
        rows = tx.rows(
            "SELECT datname AS name FROM pg_database WHERE datname LIKE 'qovsaq_verif%%'"
        )
    database.close()
    return [row["name"] for row in rows]


def test_it_is_verified_by_who_made_it_who_cannot_open_it_later(
    made: Answer, deployment: CommandLine, keys: KeyPair
) -> None:
    folder = Path(made.json["folder"])
    assert made.json["verified"] is True
    assert (folder / FILE).stat().st_size > HEADER + PIECE + TAG
    assert not (folder / "database.dump").exists()
    assert oct((folder / FILE).stat().st_mode & 0o777) == "0o600"
    without = deployment("restore", str(folder), "--verify")
    assert without.status == 3
    key = made.json["manifest"]["encrypted_for"]
    assert f"{FILE}: encrypted for the key {key}; say --key" in without.err
    answer = deployment("restore", str(folder), "--verify", "--key", str(keys.private))
    assert answer.status == 0, answer.err
    assert f"encrypted for the key {key}" in answer.out


def test_no_file_of_it_is_a_dump_that_any_pg_restore_reads(made: Answer) -> None:
    heads = [path.read_bytes()[:5] for path in Path(made.json["folder"]).iterdir()]
    assert b"PGDMP" not in heads


def test_the_key_of_somebody_else_opens_nothing(
    made: Answer, deployment: CommandLine, tmp_path: Path
) -> None:
    other = new_pair(tmp_path, "other", X25519PrivateKey).private
    answer = deployment("restore", made.json["folder"], "--verify", "--key", str(other))
    assert answer.status == 3
    assert "and this is the key" in answer.err


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content[: HEADER + PIECE + TAG], id="cut between two pieces"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content[:-1] + bytes([content[-1] ^ 1]), id="a flipped bit"),
    ],
)
def test_a_dump_that_was_changed_together_with_its_manifest_is_not_restored(
    copied: Path, deployment: CommandLine, keys: KeyPair, change: Callable[[bytes], bytes]
) -> None:
    folder = changed(copied, change)
    answer = deployment("restore", str(folder), "--verify", "--key", str(keys.private))
    assert answer.status == 3
    assert f"{FILE}: changed or cut off, in MiB" in answer.err
    assert scratch_databases(deployment.settings["QOVSAQ_DATABASE_URL"]) == []


def test_an_encrypted_dump_does_not_pass_for_one_in_the_clear(
    copied: Path, deployment: CommandLine, keys: KeyPair
) -> None:
    manifest = copied / "manifest.json"
    stated = json.loads(manifest.read_text()) | {"encrypted_for": None}
    manifest.write_text(json.dumps(stated))
    answer = deployment("restore", str(copied), "--verify", "--key", str(keys.private))
    assert (answer.status, "names no database.dump" in answer.err) == (3, True)


def test_a_recipient_that_is_no_key_is_told_before_anything_is_made(
    deployment: CommandLine, keys: KeyPair, tmp_path: Path
) -> None:
    words = ("--to", str(tmp_path / "none"), "--encrypt-for", str(keys.private))
    answer = deployment("backup", *words)
    assert (answer.status, "no public key in PEM" in answer.err) == (3, True)
    assert not (tmp_path / "none").exists()


def test_a_hub_is_restored_from_it(
    made: Answer, deployment: CommandLine, postgres: PostgresServer, keys: KeyPair
) -> None:
    name = urlsplit(deployment.settings["QOVSAQ_DATABASE_URL"]).path.strip("/") + "_again"
    settings = {
        **deployment.settings,
        "QOVSAQ_DATABASE_URL": postgres.create(name, "template0"),
        "QOVSAQ_BACKUP__PRIVATE_KEY": str(keys.private),
    }
    try:
        restored = CommandLine(settings)("restore", made.json["folder"])
        assert restored.status == 0, restored.out + restored.err
        (grant,) = json.loads(CommandLine(settings)("grants", "list", "--json").out)
        assert grant["standing"] == "suspended"
    finally:
        postgres.drop(name)
