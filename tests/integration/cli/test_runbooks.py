"""What runbooks tell to run is run, against a deployment where something is amiss; what they show
as printed is what is printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from connectors._kit.discover import discover
from hub.store.database import Database
from tests.support.commands import Answer, CommandLine
from tests.support.desk_bench import CONTRACT, DeskBench, park_one
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]

PAGES = sorted((Path(__file__).parents[3] / "docs" / "runbooks").glob("*.md"))
COMMAND = re.compile(r"`(qovsaq [^`]+)`")
SQL = re.compile(r"`((?:SELECT|UPDATE|DELETE|INSERT|ALTER)\b[^`]+)`")
BLOCK = re.compile(r"```\n\s*\$ (qovsaq [^\n]+)\n(.*?)\s*```", re.DOTALL)

READING = (
    "audit verify", "backup", "contracts guard", "custody", "dead-letters groups",
    "dead-letters list", "dead-letters show", "dead-letters status", "doctor", "downtime list",
    "drill list", "ledger", "migrate", "notices groups", "notices list", "quality",
    "retention show", "topology check", "topology declare",
)  # fmt: skip
"""What is run as it stands. Whatever else a page names does something, runs for long, or needs what
no test has: it is only looked up, by ``tests/unit/test_alerts.py``."""


def told(pattern: re.Pattern[str]) -> list[str]:
    return sorted({re.sub(r"\s+", " ", found) for page in PAGES
                   for found in pattern.findall(page.read_text("utf-8"))})  # fmt: skip


COMMANDS = [line for line in told(COMMAND) if line.removeprefix("qovsaq ").startswith(READING)]
SHOWN = [
    pytest.param(command, block, id=f"{page.stem}: {command}")
    for page in PAGES
    for command, block in BLOCK.findall(page.read_text("utf-8"))
]


@dataclass(frozen=True)
class Deployment:
    """A hub at which a letter waits and a message was refused.

    ``places`` fills in what pages leave open.
    """

    qovsaq: CommandLine
    places: dict[str, str]

    def run(self, line: str) -> Answer:
        for place, value in self.places.items():
            line = line.replace(place, value)
        return self.qovsaq(*shlex.split(line)[1:])


@pytest.fixture(scope="module")
def deployment(
    postgres: PostgresServer, template_database: str, broker_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:  # fmt: skip
    name = f"{template_database}_runbooks"
    url = postgres.create(name, template_database)
    database = Database(url)
    bench = DeskBench(database, discover(), url=url)
    park_one(bench)
    bench.send("labour", CONTRACT.replace(b'"2026-02-27"', b'"31.02.2026"'), "m-2")
    bench.settle_down()
    anchors = tmp_path_factory.mktemp("anchors") / "none.jsonl"
    anchors.touch()
    settings = {
        "QOVSAQ_BROKER_URL": broker_url,
        "QOVSAQ_DATABASE_URL": url,
        "QOVSAQ_OPERATOR_TOKEN": bench.tokens["aysel"],
        "QOVSAQ_BACKUP__FOLDER": str(tmp_path_factory.mktemp("kept")),
    }
    qovsaq = CommandLine(settings)
    assert qovsaq("topology", "declare").status == 0
    with database.transaction() as tx:
        (letter,) = tx.rows("SELECT letter_id, cause FROM desk.letter")
    places = {"<letter>": letter["letter_id"].hex, "<cause>": letter["cause"], "FILE": str(anchors)}
    yield Deployment(qovsaq, places)
    bench.close()
    database.close()
    postgres.drop(name)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_runbook_answers(deployment: Deployment, line: str) -> None:
    answer = deployment.run(line)
    assert answer.status in (0, 1), answer.err
    assert answer.out + answer.err


@pytest.mark.parametrize("statement", told(SQL))
def test_a_statement_of_a_runbook_is_one(deployment: Deployment, statement: str) -> None:
    url = deployment.qovsaq.settings["QOVSAQ_DATABASE_URL"]
    with psycopg.connect(url) as connection:
        connection.execute(statement)
        connection.rollback()


@pytest.mark.parametrize(("command", "block"), SHOWN)
def test_what_a_page_shows_as_printed_is_printed(
    deployment: Deployment, command: str, block: str
) -> None:
    answer = deployment.run(command)
    printed = {shape(line) for line in (answer.out + answer.err).splitlines()}
    shown = [line for line in block.splitlines() if line.strip() != "…"]
    assert [line for line in shown if shape(line) not in printed] == []


def shape(line: str) -> str:
    """A line without what differs from one hour, or one deployment, to the next."""
    line = re.sub(r"[│┃|]", "|", line)
    line = re.sub(r"\b[0-9a-f]{12,}\b", "ID", line)
    line = re.sub(r"\b\d{4}-\d\d-\d\d\b", "DATE", line)
    line = re.sub(r"\b\d\d:\d\d(:\d\d)?(\.\d+)?\b", "TIME", line)
    line = re.sub(r"\b\d[\d,.]*\b", "N", line)
    return re.sub(r"\s+", " ", line).strip()
