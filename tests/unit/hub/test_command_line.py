from __future__ import annotations

import importlib

import pytest

from hub.cli.ending import Exit, status_of
from hub.settings import InvalidSettings
from schemas.errors import HubError, Refused, Stop, Unavailable
from tests.support.commands import CommandLine, logging_as_it_was

qovsaq = CommandLine({})
main_module = importlib.import_module("hub.cli.main")  # hub.cli.main is the function, too

COMMANDS = (
    "demo", "migrate", "topology", "doctor", "run", "simulate", "ledger", "person", "connectors"
)  # fmt: skip


def test_help_names_every_command() -> None:
    answer = qovsaq("--help")
    assert answer.status == Exit.OK
    assert all(command in answer.out for command in COMMANDS)


def test_the_version_is_told() -> None:
    assert qovsaq("--version").out.startswith("qovsaq ")


def test_connectors_are_listed_with_dialect_records_and_fingerprint() -> None:
    found = {each["name"]: each for each in qovsaq("connectors", "--json").json}
    assert {"justice", "interior", "labour", "health", "economy", "migration"} <= set(found)
    justice = found["justice"]
    assert justice["records"] == ["civil_status_act.v1"]
    assert justice["polls"] == ["notifications"]
    assert len(justice["fingerprint"]) == 64
    table = qovsaq("connectors").out
    assert "civil_status_act.v1" in table
    assert justice["fingerprint"][:12] in table


def test_the_topology_is_shown_without_a_broker() -> None:
    shown = qovsaq("topology", "show", "--json").json
    assert "intake.justice.live" in {queue["name"] for queue in shown["queues"]}
    table = qovsaq("topology", "show").out
    assert "dead.intake.justice.live" in table


@pytest.mark.parametrize(
    "command",
    [
        ("run", "all"),
        ("run", "intake"),
        ("topology", "check"),
        ("topology", "declare"),
        ("simulate", "--records", "1"),
    ],
)
def test_what_needs_a_broker_refuses_to_run_on_the_embedded_default(
    command: tuple[str, ...],
) -> None:
    answer = qovsaq(*command)
    assert answer.status == Exit.BROKEN
    assert answer.err.startswith("qovsaq: QOVSAQ_BROKER_URL is not set")
    assert answer.out == ""


@pytest.mark.parametrize("command", [("migrate",), ("ledger",), ("person", "TST0001")])
def test_what_needs_a_database_says_so(command: tuple[str, ...]) -> None:
    answer = qovsaq(*command)
    assert answer.status == Exit.BROKEN
    assert "QOVSAQ_DATABASE_URL is not set" in answer.err


def test_doctor_without_settings_says_what_to_set() -> None:
    answer = qovsaq("doctor", "--json")
    assert answer.status == Exit.NO
    assert answer.json["status"] == "error"
    errors = [each for each in answer.json["findings"] if each["level"] == "error"]
    assert [each["remedy"] for each in errors] == [
        "set QOVSAQ_BROKER_URL",
        "set QOVSAQ_DATABASE_URL",
    ]


def test_all_wrong_settings_are_reported_a_line_each_without_values() -> None:
    wrong = {"QOVSAQ_BROKER_URL": "http://guest:s3cret@host", "QOVSAQ_MAX_ATTEMPTS": "many"}
    answer = CommandLine(wrong)("connectors")
    assert answer.status == Exit.USAGE
    assert sorted(answer.err.splitlines()) == [
        "qovsaq: QOVSAQ_BROKER_URL: must be a URL that starts with amqp:// or amqps://",
        "qovsaq: QOVSAQ_MAX_ATTEMPTS: must be a whole number",
    ]


def test_a_malformed_fin_is_refused_without_repeating_it() -> None:
    answer = qovsaq("person", "TST-1")
    assert answer.status == Exit.USAGE
    assert "fin-format" in answer.err
    assert "TST-1" not in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--records", "1", "--ministry", "finance"),
        ("demo", "--faults", "2"),
        ("run", "everything"),
    ],
)
def test_a_wrong_word_is_a_matter_of_usage(words: tuple[str, ...]) -> None:
    assert qovsaq(*words).status == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidSettings(["wrong"]), Exit.USAGE),
        (Refused("fin-format", "", "wrong"), Exit.USAGE),
        (Unavailable("broker"), Exit.UNAVAILABLE),
        (Stop("no table"), Exit.BROKEN),
    ],
)
def test_the_kind_of_failure_decides_the_status(error: HubError, status: Exit) -> None:
    assert status_of(error) is status


def test_what_nobody_foresaw_is_logged_masked_and_ends_with_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("for TST0001")

    monkeypatch.setattr(main_module, "app", fail)
    with logging_as_it_was(), pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == Exit.BUG
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "TST0001" not in shown
