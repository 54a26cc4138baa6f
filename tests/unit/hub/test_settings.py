from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, time
from pathlib import Path

import pytest

from connectors._kit.contract import Rules
from hub.channels import without_credentials
from hub.sections import NamespaceSettings
from hub.settings import InvalidSettings, Settings, load, table
from hub.watch.calendar import Pattern, read
from schemas.identifiers import Namespaces

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in table():
        monkeypatch.delenv(name, raising=False)


def problems() -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        load()
    return caught.value.problems


def test_nothing_needs_to_be_set_to_start() -> None:
    settings = load()
    assert settings.broker_url is None
    assert settings.lanes == ("live", "bulk")


def test_defaults_of_limits_and_namespaces_are_those_of_the_connectors() -> None:
    assert asdict(load().rules()) == asdict(Rules())


def test_the_environment_reaches_nested_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOVSAQ_LIMITS__MAX_DEPTH", "9")
    monkeypatch.setenv("QOVSAQ_POLL__JUSTICE__URL", "http://justice.example/poll")
    monkeypatch.setenv("QOVSAQ_LANES", "live")
    settings = load()
    assert settings.rules().limits.max_depth == 9
    assert settings.poll["justice"].page_size == 200
    assert settings.lanes == ("live",)


def test_the_environment_comes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "qovsaq.toml"
    file.write_text(
        "max_attempts = 7\nprefetch = 3\n[limits]\nmax_depth = 11\n[poll.justice]\n"
        'url = "http://justice.example/poll"\n'
    )
    monkeypatch.setenv("QOVSAQ_CONFIG", str(file))
    monkeypatch.setenv("QOVSAQ_PREFETCH", "4")
    settings = load()
    assert (settings.max_attempts, settings.prefetch) == (7, 4)
    assert settings.limits.max_depth == 11
    assert settings.poll["justice"].url is not None


def test_all_errors_are_reported_at_once_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "BROKER_URL": f"http://guest:{SECRET}@host/",
        "MAX_ATTEMPTS": "many",
        "LIMITS__MAX_BYTES": "3",
        "LOG_FORMAT": "xml",
        "NAMESPACES__FIN": "fin",
        "POLL__JUSTICE__INTERVAL_SECONDS": "0",
        "LANES": "live,slow",
        "LIMITS__MAX_BYTE": "3",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(f"QOVSAQ_{name}", value)
    found = problems()
    assert "QOVSAQ_BROKER_URL: must be a URL that starts with amqp:// or amqps://" in found
    assert "QOVSAQ_MAX_ATTEMPTS: must be a whole number" in found
    assert "QOVSAQ_LIMITS__MAX_BYTES: must be at least 1024" in found
    assert "QOVSAQ_LOG_FORMAT: must be 'json' or 'console'" in found
    assert "QOVSAQ_NAMESPACES__FIN: must look like urn:name:name" in found
    assert "QOVSAQ_POLL__JUSTICE__INTERVAL_SECONDS: must be at least 1" in found
    assert "QOVSAQ_LANES: must be 'live' or 'bulk'" in found
    assert (
        "QOVSAQ_LIMITS__MAX_BYTE: no such setting; did you mean QOVSAQ_LIMITS__MAX_BYTES?" in found
    )
    assert SECRET not in "".join(found)


def test_unknown_names_in_the_file_are_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "qovsaq.toml"
    file.write_text("pefetch = 3\n[poll.justice]\npage = 3\n")
    monkeypatch.setenv("QOVSAQ_CONFIG", str(file))
    assert problems() == [
        "QOVSAQ_POLL__JUSTICE__PAGE: no such setting",
        "QOVSAQ_PEFETCH: no such setting",
    ]


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), ("a = ", "not a TOML file")])
def test_an_unreadable_file_is_a_problem_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "qovsaq.toml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("QOVSAQ_CONFIG", str(file))
    (problem,) = problems()
    assert problem.startswith("QOVSAQ_CONFIG: ")
    assert said in problem


def test_a_group_cannot_be_set_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOVSAQ_LIMITS", "{}")
    assert "QOVSAQ_LIMITS: is a group; set the values in it, with __ between" in problems()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOVSAQ_ALLOW_PLAIN", "true")
    monkeypatch.setenv("QOVSAQ_BROKER_URL", f"amqp://guest:{SECRET}@host:5672/vhost")
    monkeypatch.setenv("QOVSAQ_DATABASE_URL", f"postgresql://hub:{SECRET}@host/name")
    monkeypatch.setenv("QOVSAQ_POLL__JUSTICE__URL", f"http://hub:{SECRET}@host/poll")
    settings = load()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in shown
    assert settings.broker_url is not None
    assert without_credentials(settings.broker_url) == "amqp://host:5672/vhost"


def test_settings_are_frozen() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.prefetch = 1  # type: ignore[misc]  # the refusal is what is tested


def test_every_setting_says_what_it_means() -> None:
    rows = list(table())
    assert {name for name, _, meaning in rows if not meaning} == set()
    assert len({name for name, _, _ in rows}) == len(rows) > len(Settings.model_fields)


def test_subscribers_are_named_in_the_environment_with_underscores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QOVSAQ_ENDPOINTS__STATE_FUND__SECRETS", f"whsec_{SECRET},whsec_b")
    monkeypatch.setenv("QOVSAQ_ENDPOINTS__STATE_FUND__TOTAL_SECONDS", "7")
    endpoint = load().endpoints["state-fund"]
    assert (len(endpoint.secrets), endpoint.total_seconds) == (2, 7)
    assert SECRET not in repr(endpoint)


def test_calendars_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOVSAQ_FEEDS__LABOUR__PATTERN", "nightly")
    monkeypatch.setenv("QOVSAQ_FEEDS__LABOUR__OPENS", "23:00")
    monkeypatch.setenv("QOVSAQ_FEEDS__LABOUR__WORKING_DAYS", "mon,sat")
    monkeypatch.setenv("QOVSAQ_CALENDAR__HOLIDAYS", "2026-03-25,2026-03-26")
    settings = load()
    calendar = read(settings.feeds["labour"], settings.calendar)
    assert (calendar.pattern, calendar.opens) == (Pattern.NIGHTLY, time(23))
    assert calendar.working == {0, 5}
    assert date(2026, 3, 26) in calendar.extra_holidays


def test_what_normalizing_depends_on_can_be_set() -> None:
    given = {"smallest_count": 5, "import_suppliers": "economy, customs"}
    rules = load(data=given).rules()
    assert rules.smallest_count == 5
    assert rules.import_suppliers == {"economy", "customs"}
    assert load().rules() == Rules()


def test_every_namespace_of_an_identifier_is_a_setting() -> None:
    assert {field.name for field in fields(Namespaces)} == set(NamespaceSettings.model_fields)
