"""Commands that show a person's data: who may, what the masked see, and what stays of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from hub.cli.ending import Exit
from hub.registry.writer import write
from hub.store.database import Database
from schemas.envelope import Operation
from tests.integration.registry.events import EPOCH, event, fin, fin_urn, person
from tests.support.commands import CommandLine

pytestmark = pytest.mark.database

ONE = fin_urn("TST0001")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A registry in which a person was called A, and from the tenth day on B."""
    opened = Database(database_url)
    for day, name, operation in ((0, "Birinci", Operation.CREATE), (10, "İkinci", "change")):
        made = event(
            "person", person(fin("TST0001"), name), ministry="interior", message_id=name,
            operation=Operation(operation), version=day + 1,
        )  # fmt: skip
        at = EPOCH + timedelta(days=day)
        with opened.transaction() as tx:
            write(tx, [made.model_copy(update={"time": at})], at + timedelta(hours=1))
    yield opened
    opened.close()


@pytest.fixture
def nobody(database: Database, database_url: str) -> CommandLine:
    return CommandLine({"QOVSAQ_DATABASE_URL": database_url})


@pytest.fixture
def operators(nobody: CommandLine) -> dict[str, CommandLine]:
    found: dict[str, CommandLine] = {}
    for name, words in (("aysel", ()), ("behruz", ("--masked",))):
        by = found.get("aysel", nobody)
        answer = by("operators", "add", name, *words, "--json")
        assert answer.status == Exit.OK, answer.err
        token = answer.json["token"]
        found[name] = CommandLine(dict(nobody.settings) | {"QOVSAQ_OPERATOR_TOKEN": token})
    return found


def acts(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as tx:
        return tx.rows(
            """SELECT actor, object, reason, basis, outcome, detail FROM evidence.audit
            WHERE action = 'person-viewed' ORDER BY entry_id"""
        )


def value(answer: Any, name: str) -> Any:
    return next((each["value"] for each in answer.json["fields"] if each["name"] == name), None)


def test_a_look_is_written_down_under_a_name_that_tells_nobody_whose_data_it_was(
    database: Database, operators: dict[str, CommandLine]
) -> None:
    shown = operators["aysel"]("person", "TST0001", "--reason", "a complaint", "--json")
    assert (shown.status, value(shown, "givenName")) == (Exit.OK, "İkinci")
    missing = operators["aysel"]("person", "TST0009", "--reason", "a complaint")
    assert missing.status == Exit.NO
    first, second = acts(database)
    assert (first["actor"], first["reason"], first["basis"]) == ("aysel", "a complaint", "operator")
    assert (first["outcome"], second["outcome"]) == ("shown", "not-known")
    assert "givenName" in first["detail"]["fields"]
    assert first["object"].startswith("person:")
    assert first["object"] != second["object"]
    assert not any("TST" in str(act).upper() for act in (first, second))


def test_without_a_token_or_a_reason_nothing_is_shown(
    database: Database, nobody: CommandLine, operators: dict[str, CommandLine]
) -> None:
    for answer, rule in (
        (nobody("person", "TST0001", "--reason", "why"), "not-authenticated"),
        (operators["aysel"]("person", "TST0001"), "reason-missing"),
    ):
        assert answer.status == Exit.NO
        assert rule in answer.err
        assert "inci" not in answer.out
    assert acts(database) == []


def test_before_there_are_operators_whoever_reaches_the_database_looks_on_the_record(
    database: Database, nobody: CommandLine
) -> None:
    assert nobody("person", "TST0001").status == Exit.OK
    assert [act["actor"] for act in acts(database)] == ["database-owner"]


def test_a_masked_operator_sees_how_a_record_fared_and_not_whom_it_is_about(
    database: Database, operators: dict[str, CommandLine]
) -> None:
    for words in ((), ("--json",), ("--known-on", "2030-01-01", "--json")):
        answer = operators["behruz"]("person", "TST0001", "--reason", "a test", *words)
        assert answer.status == Exit.OK
        assert "interior" in answer.out
        assert "tst0001" not in answer.out.lower()
        assert "inci" not in answer.out
    assert all(act["detail"]["masked"] for act in acts(database))
    refused = operators["behruz"]("operators", "add", "ceyla")
    assert "operator-masked" in refused.err
    assert operators["behruz"]("operators", "add", "ceyla", "--masked").status == Exit.OK
    assert "masked" in operators["aysel"]("operators", "list").out


def test_a_person_is_shown_as_known_and_as_valid_on_a_day(
    operators: dict[str, CommandLine],
) -> None:
    def named(*words: str) -> Any:
        answer = operators["aysel"]("person", "TST0001", "--reason", "why", *words, "--json")
        return value(answer, "givenName") if answer.status == Exit.OK else None

    def on(day: int) -> str:
        return f"{EPOCH + timedelta(days=day):%Y-%m-%d}"

    assert named("--known-on", on(5)) == "Birinci"
    assert named("--valid-on", on(5)) == "Birinci"
    assert named("--known-on", on(11), "--valid-on", on(11)) == "İkinci"
    assert named("--known-on", on(-2)) is None
    at = (EPOCH + timedelta(days=10, minutes=30)).isoformat()
    assert named("--known-on", at) == "Birinci"
    assert named("--valid-on", at) == "İkinci"


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-03-01T12:00"])
def test_what_is_no_day_and_no_time_is_a_matter_of_usage(nobody: CommandLine, text: str) -> None:
    assert nobody("person", "TST0001", "--valid-on", text).status == Exit.USAGE
