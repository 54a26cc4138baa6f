"""Notices and custody statements from the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors._kit.discover import discover
from hub.cli.ending import Exit
from hub.evidence.custody import Custodian
from hub.metrics import Metrics
from hub.store.database import Database
from tests.support.commands import CommandLine
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
NO_DATE = CONTRACT.replace(b'"startsOn": "2026-03-09"', b'"startsOn": "soon"')
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def aysel(database_url: str) -> CommandLine:
    """An operator, and a hub whose Ministry of Labour was told of two refusals yesterday."""
    database = Database(database_url)
    bench = Bench(database, discover(), now=YESTERDAY)
    for number in (1, 2):
        bench.send("labour", NO_DATE, f"m-{number}")
    bench.work()
    Custodian(database, tuple(discover()), Metrics()).step(datetime.now(UTC))
    bench.bus.close()
    database.close()
    urls = {"QOVSAQ_DATABASE_URL": database_url}
    token = CommandLine(urls)("operators", "add", "aysel", "--json").json["token"]
    return CommandLine(urls | {"QOVSAQ_OPERATOR_TOKEN": token})


def test_notices_are_grouped_listed_shown_acknowledged_and_due(aysel: CommandLine) -> None:
    (group,) = aysel("notices", "groups", "--json").json
    assert (group["rule"], group["stand"]) == ("date-format", "open")
    assert (group["notices"], group["records"]) == (2, 2)
    first, second = aysel("notices", "list", "--ministry", "labour", "--json").json
    assert aysel("notices", "acknowledge", first["noticeId"]).out == "1 acknowledged\n"
    rule = ("--ministry", "labour", "--rule", "date-format")
    assert aysel("notices", "acknowledge", *rule).out == "1 acknowledged\n"
    agreed = aysel("notices", "agree", "2026-01-31", *rule)
    assert agreed.out == "2 to be corrected by 2026-01-31\n"
    assert aysel("notices", "list", "--stand", "overdue", "--json").json[0]["correctBy"]
    shown = aysel("notices", "show", second["noticeId"], "--json").json
    assert (shown["acknowledgedBy"], shown["stand"]) == ("aysel", "overdue")


def test_every_command_has_something_to_show_a_person(aysel: CommandLine) -> None:
    (first, _) = aysel("notices", "list", "--json").json
    for words in (["groups"], ["list"], ["show", first["noticeId"]]):
        answer = aysel("notices", *words)
        assert (answer.status, "date-format" in answer.out) == (Exit.OK, True)
    assert "labour" in aysel("custody").out


def test_a_wish_that_is_not_clear_is_a_matter_of_usage(aysel: CommandLine) -> None:
    for words in ([], ["x"], ["--ministry", "labour"]):
        assert aysel("notices", "acknowledge", *words).status == Exit.USAGE
    assert aysel("notices", "show", "0" * 32).status == Exit.NO


def test_without_a_token_nobody_is_answered(database_url: str, aysel: CommandLine) -> None:
    stranger = CommandLine({"QOVSAQ_DATABASE_URL": database_url})
    for words in (["groups"], ["list"], ["acknowledge", "0" * 32]):
        assert stranger("notices", *words).status == Exit.NO


def test_a_day_is_shown_as_stated_and_as_it_is_now(aysel: CommandLine) -> None:
    day = aysel("custody", "--json").json["stated"][0]["day"]
    answer = aysel("custody", "--day", day, "--json")
    assert answer.status == Exit.OK
    (line,) = [each for each in answer.json["now"] if each["ministry"] == "labour"]
    assert (line["received"], line["settled"]["refused"]) == (2, 2)
    assert "as stated" in aysel("custody", "--day", day).out
    assert "not stated yet" in aysel("custody", "--day", "2020-01-01").out
    assert "not over yet" in aysel("custody", "--day", "2999-01-01").out


def test_a_day_with_something_missing_ends_with_no(aysel: CommandLine, database_url: str) -> None:
    day = aysel("custody", "--json").json["stated"][0]["day"]
    database = Database(database_url)
    with database.transaction() as tx:
        tx.execute("DELETE FROM evidence.record_log")
    database.close()
    answer = aysel("custody", "--day", day)
    assert (answer.status, "changed since at labour" in answer.out) == (Exit.NO, True)
