"""A ministry's first message, by the very commands of docs/howto/connect-a-ministry.md."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors._kit.discover import discover
from hub.bootstrap import Kind
from hub.store.database import Database
from routing import control
from routing.topology import topology
from tests.support.commands import CommandLine
from tests.support.hub_process import HubProcess, environment
from tests.support.intake_bench import sample
from tests.support.servers import free_port, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.database]
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "connect-a-ministry.md"
BLOCK = re.compile(r"<!-- run: (\w+) -->\n```(bash|python)\n(.*?)```", re.DOTALL)


def commands(purpose: str) -> list[tuple[str, str]]:
    """The blocks of the page for a purpose, with their language."""
    found = [
        (language, text) for of, language, text in BLOCK.findall(PAGE.read_text()) if of == purpose
    ]
    assert found, purpose
    return found


@dataclass
class Ministry:
    """A ministry's machine: a folder with its documents, and what the operator told it."""

    folder: Path
    told: Mapping[str, str]
    operator: CommandLine

    def run(self, purpose: str) -> str:
        """Run the blocks of a purpose one after the other, as somebody reading along would."""
        blocks = commands(purpose)
        language = blocks[0][0]
        program = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
        done = subprocess.run(
            [*program[language], "\n".join(text for _, text in blocks)],
            cwd=self.folder,
            env=environment({}) | dict(self.told),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def ministry(clean_broker: str, database_url: str, tmp_path: Path) -> Iterator[Ministry]:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "token.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    port = free_port()
    settings = {
        "QOVSAQ_BROKER_URL": clean_broker,
        "QOVSAQ_DATABASE_URL": database_url,
        "QOVSAQ_METRICS_PORT": "0",
        "QOVSAQ_HTTP__PORT": str(port),
        "QOVSAQ_HTTP__TOKEN_KEY": str(tmp_path / "token.pem"),
        "QOVSAQ_SENDERS__LABOUR__AUTHENTICATION": "token",
        "QOVSAQ_SENDERS__INTERIOR__AUTHENTICATION": "token",
    }
    control.declare(clean_broker, topology(discover()))
    token = CommandLine(settings)("operators", "add", "aysel", "--json").json["token"]
    operator = CommandLine(settings | {"QOVSAQ_OPERATOR_TOKEN": token})
    contract = sample("labour", "concluded.in.json")
    (tmp_path / "concluded.json").write_bytes(contract)
    line = json.dumps(json.loads(contract)).encode() + b"\n"
    (tmp_path / "contracts.ndjson").write_bytes(line * 3)
    processes = [HubProcess(kind, settings, tmp_path) for kind in (Kind.HTTP, Kind.INTAKE)]
    for process in processes:
        process.start()
    try:
        wait_until(lambda: all(process.ready for process in processes), 100, "the hub")
        told = {"HUB": f"http://127.0.0.1:{port}", "BROKER_URL": clean_broker}
        yield Ministry(tmp_path, told, operator)
    finally:
        for process in processes:
            process.kill()


def issued(ministry: Ministry, name: str) -> Ministry:
    """Have the operator issue a secret as the page says; a broker user has its own test."""
    ((_, line),) = commands("operator")[:1]
    words = line.replace('"$MINISTRY"', name).split()[1:]
    secret = ministry.operator(*words, "--no-broker").json["client_secret"]
    return Ministry(ministry.folder, {**ministry.told, "CLIENT_SECRET": secret}, ministry.operator)


def settled(ministry: Ministry, message_id: str) -> None:
    """Wait until intake has read a message."""
    statement = "SELECT message_id FROM evidence.journal"
    database = Database(ministry.operator.settings["QOVSAQ_DATABASE_URL"])

    def seen() -> bool:
        with database.transaction() as tx:
            return message_id in [row["message_id"] for row in tx.rows(statement)]

    try:
        wait_until(seen, 60, message_id)
    finally:
        database.close()


def test_the_operator_can_say_before_what_would_become_of_a_document(
    ministry: Ministry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ministry.folder)
    (_, line) = commands("operator")[1]
    assert "accepted" in ministry.operator(*line.split()[1:]).out


def test_the_first_message_by_curl(ministry: Ministry) -> None:
    if shutil.which("curl") is None:
        pytest.skip("NO CURL FOR TESTS")
    labour = issued(ministry, "labour")
    told = labour.run("curl")
    assert '"messageId":"L-2026-000001"' in told
    assert '"published":1' in told
    settled(ministry, "L-2026-000001")
    settled(ministry, "L-2026-BULK/1")


def test_the_first_message_by_requests(ministry: Ministry) -> None:
    assert issued(ministry, "labour").run("requests").startswith("202 ")
    settled(ministry, "L-2026-000002")


def test_the_first_message_by_pika(ministry: Ministry) -> None:
    assert ministry.run("pika") == "confirmed\n"
    settled(ministry, "L-2026-000003")


def test_the_first_message_by_a_soap_client(ministry: Ministry) -> None:
    assert "I-2026-000001" in issued(ministry, "interior").run("soap")
    settled(ministry, "I-2026-000001")
