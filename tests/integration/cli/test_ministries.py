"""Credentials of ministries: issued, rotated and revoked by an operator, here and on the broker."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from hub.cli.ending import Exit
from hub.evidence import audit, credentials
from hub.store.database import Database
from routing import control, keys
from routing.topology import topology
from tests.support.commands import CommandLine
from tests.support.private_broker import PrivateBroker
from tests.support.rabbitmq import answers

GRANT = Path(__file__).parents[3] / "ops" / "rabbitmq" / "grant.sh"


def operator(settings: dict[str, str]) -> CommandLine:
    token = CommandLine(settings)("operators", "add", "aysel", "--json").json["token"]
    return CommandLine(settings | {"QOVSAQ_OPERATOR_TOKEN": token})


@pytest.fixture
def qovsaq(database_url: str) -> CommandLine:
    """An operator who has no way to the broker."""
    return operator({"QOVSAQ_DATABASE_URL": database_url})


def secret(qovsaq: CommandLine, *words: str) -> str:
    answer = qovsaq("ministries", *words, "labour", "--no-broker", "--json")
    assert answer.status == Exit.OK, answer.err
    text: str = answer.json["client_secret"]
    return text


def good(qovsaq: CommandLine, *secrets: str) -> list[bool]:
    database = Database(qovsaq.settings["QOVSAQ_DATABASE_URL"])
    with database.transaction() as tx:
        found = [credentials.holds(tx, "labour", each, datetime.now(UTC)) for each in secrets]
    database.close()
    return found


@pytest.mark.database
def test_a_secret_is_good_until_another_takes_its_place_or_it_is_revoked(
    qovsaq: CommandLine,
) -> None:
    first = secret(qovsaq, "issue")
    second = secret(qovsaq, "rotate", "--overlap-minutes", "60")
    assert good(qovsaq, first, second, "") == [True, True, False]
    third = secret(qovsaq, "rotate")
    assert good(qovsaq, first, second, third) == [False, False, True]
    assert qovsaq("ministries", "revoke", "labour", "--no-broker").status == Exit.OK
    assert good(qovsaq, third) == [False]
    rows = qovsaq("ministries", "list", "--json").json
    assert [(row["ministry"], row["kind"], row["issued_by"]) for row in rows] == [
        ("labour", "http", "aysel")
    ] * 3
    assert not any(each in str(rows) for each in (first, second, third))
    assert "labour" in qovsaq("ministries", "list").out


@pytest.mark.database
def test_whatever_an_operator_does_is_audited_and_nobody_else_can(qovsaq: CommandLine) -> None:
    secret(qovsaq, "issue")
    secret(qovsaq, "rotate")
    stranger = CommandLine({**qovsaq.settings, "QOVSAQ_OPERATOR_TOKEN": "guessed"})
    for words in (("issue", "health"), ("rotate", "labour"), ("revoke", "labour")):
        answer = stranger("ministries", *words, "--no-broker")
        assert (answer.status, "not-authenticated" in answer.err) == (Exit.NO, True)
    database = Database(qovsaq.settings["QOVSAQ_DATABASE_URL"])
    with database.transaction() as tx:
        acts = [(row["actor"], row["action"]) for row in audit.about(tx, "ministry:labour")]
    database.close()
    assert acts == [("aysel", "credential-issued"), ("aysel", "credential-rotated")]


@pytest.mark.database
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("issue", "nobody"), Exit.BROKEN, "no such ministry"),
        (("rotate", "labour", "--no-broker"), Exit.NO, "credential-unknown"),
        (("revoke", "labour", "--no-broker"), Exit.NO, "credential-unknown"),
        (("issue", "labour"), Exit.BROKEN, "QOVSAQ_OUTBOUND__BROKER_CONTROL"),
    ],
)
def test_what_cannot_be_done_is_said(
    qovsaq: CommandLine, words: tuple[str, ...], status: Exit, said: str
) -> None:
    answer = qovsaq("ministries", *words)
    assert (answer.status, said in answer.err) == (status, True)
    assert answer.out == ""


@pytest.mark.database
def test_a_second_issue_is_declined_and_the_first_stays_good(qovsaq: CommandLine) -> None:
    first = secret(qovsaq, "issue")
    answer = qovsaq("ministries", "issue", "labour", "--no-broker")
    assert (answer.status, "credential-exists" in answer.err) == (Exit.NO, True)
    assert good(qovsaq, first) == [True]


@pytest.mark.database
def test_the_gateway_of_ehis_has_a_secret_and_never_a_broker_user(qovsaq: CommandLine) -> None:
    answer = qovsaq("ministries", "issue", "ehis", "--json")
    assert (answer.status, answer.json["client_id"]) == (Exit.OK, "ehis")


@pytest.mark.database
@pytest.mark.broker
def test_a_broker_user_comes_with_its_rights_and_goes_with_its_connections(
    private_broker: PrivateBroker, database_url: str
) -> None:
    administration = private_broker.administration
    command = shlex.join(administration.command)
    qovsaq = operator(
        {
            "QOVSAQ_DATABASE_URL": database_url,
            "QOVSAQ_BROKER_URL": private_broker.url,
            "QOVSAQ_OUTBOUND__BROKER_CONTROL": command,
        }
    )
    control.declare(private_broker.url, topology(["labour"]))

    def url(password: str) -> str:
        return private_broker.url.replace("guest:guest", f"labour:{password}")

    issued = orjson.loads(qovsaq("ministries", "issue", "labour", "--no-http", "--json").out)
    assert issued["exchange"] == keys.intake_exchange("labour")
    assert answers(url(issued["password"]))
    subprocess.run(
        ["env", f"RABBITMQCTL={command}", str(GRANT), "labour", "/", "by-script"],
        input=b"secret\n",
        check=True,
        timeout=200,
    )
    rights = {
        row["user"]: {key: row[key] for key in ("configure", "write", "read")}
        for row in administration.table("list_permissions")
    }
    assert rights["labour"] == rights["by-script"]

    rotated = orjson.loads(qovsaq("ministries", "rotate", "labour", "--no-http", "--json").out)
    assert answers(url(rotated["password"]))
    assert not answers(url(issued["password"]))
    assert qovsaq("ministries", "revoke", "labour", "--no-http").status == Exit.OK
    assert not answers(url(rotated["password"]))
