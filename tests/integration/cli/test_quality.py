"""``qovsaq quality`` shows what rounds found, and looks first where it is asked to."""

from __future__ import annotations

import pytest

from hub.cli.ending import Exit
from hub.store.database import Database
from schemas.envelope import Operation
from tests.integration.quality.test_rounds import interior
from tests.integration.registry.writing import put
from tests.support.commands import CommandLine

pytestmark = pytest.mark.database


@pytest.fixture
def qovsaq(database_url: str) -> CommandLine:
    return CommandLine({"QOVSAQ_DATABASE_URL": database_url})


@pytest.fixture
def disagreeing(database_url: str, qovsaq: CommandLine) -> CommandLine:
    database = Database(database_url)
    try:
        put(database, interior(Operation.CREATE, 1, "A"), interior(Operation.VERIFY, 2, "B"))
    finally:
        database.close()
    return qovsaq


def test_before_the_first_round_it_says_that_nobody_has_looked(disagreeing: CommandLine) -> None:
    answer = disagreeing("quality")
    assert answer.status == Exit.OK
    assert "never looked at" in answer.out
    assert "TST0001" not in answer.out


def test_it_looks_if_asked_and_ends_with_1_while_an_error_is_open(
    disagreeing: CommandLine,
) -> None:
    answer = disagreeing("quality", "--look", "--json")
    assert answer.status == Exit.NO
    (finding,) = answer.json["findings"]
    assert (finding["ministry"], finding["rule"], finding["open"], finding["severity"]) == (
        "interior",
        "verify-different",
        1,
        "error",
    )
    shown = disagreeing("quality")
    assert shown.status == Exit.NO
    assert "verify-different" in shown.out


@pytest.mark.parametrize(
    "words", [("--ministry", "labour"), ("--rule", "two-fins"), ("--since", "2999-01-01")]
)
def test_what_is_not_asked_for_is_left_out(
    disagreeing: CommandLine, words: tuple[str, str]
) -> None:
    disagreeing("quality", "--look")
    answer = disagreeing("quality", "--json", *words)
    assert (answer.status, answer.json["findings"]) == (Exit.OK, [])


def test_an_unknown_rule_is_told_of_with_those_there_are(qovsaq: CommandLine) -> None:
    answer = qovsaq("quality", "--rule", "nonsense")
    assert answer.status == Exit.USAGE
    assert "voen-checksum" in answer.err.replace("\n", "")


@pytest.mark.parametrize(("name", "value"), [("LABOUR", "no_such_record"), ("NOBODY", "person")])
def test_numbers_of_what_is_not_there_are_refused_by_the_settings_name(
    qovsaq: CommandLine, name: str, value: str
) -> None:
    setting = f"QOVSAQ_QUALITY__{name}__NUMBERED"
    answer = CommandLine({**qovsaq.settings, setting: value})("quality", "--look")
    assert answer.status == Exit.BROKEN
    assert setting in answer.err
