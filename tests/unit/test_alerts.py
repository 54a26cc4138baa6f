"""Alerts say what they should when they should, and whoever is woken finds a page that is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hub.measures import CATALOGUE, Kind
from tests.support.needs import needing
from tests.support.promtool import amtool, promtool

REPOSITORY = Path(__file__).parents[2]
PROMETHEUS = REPOSITORY / "ops" / "prometheus"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
PAGES = sorted(RUNBOOKS.glob("*.md"))
METRIC = re.compile(r"\bqovsaq_\w+")


def series() -> set[str]:
    """Names under which Prometheus knows the metrics of the hub."""
    found: set[str] = set()
    for metric in CATALOGUE:
        name = f"qovsaq_{metric.name}"
        match metric.kind:
            case Kind.COUNTER:
                found.add(f"{name}_total")
            case Kind.HISTOGRAM:
                found |= {f"{name}_bucket", f"{name}_count", f"{name}_sum", name}
            case Kind.GAUGE:
                found.add(name)
    return found


def page_of(alert: str) -> Path:
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower()
    return RUNBOOKS / f"{words}.md"


def test_rules_and_configuration_are_what_prometheus_reads() -> None:
    with needing("promtool"):
        promtool("check", "config", "--syntax-only", "prometheus.yml", folder=PROMETHEUS)
        assert "SUCCESS" in promtool("check", "rules", "alerts.yml", folder=PROMETHEUS)


def test_the_configuration_of_alertmanager_is_what_it_reads() -> None:
    with needing("amtool"):
        folder = REPOSITORY / "ops" / "alertmanager"
        assert "SUCCESS" in amtool("check-config", "alertmanager.yml", folder=folder)


def test_prometheus_reads_its_configuration_also_with_every_file_it_names(tmp_path: Path) -> None:
    """Files named in it are elsewhere in a container; here they lie beside it."""
    config = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    (tmp_path / "authority.pem").write_text("")
    (tmp_path / "prometheus.yml").write_text(config.replace("/run/secrets/", f"{tmp_path}/"))
    (tmp_path / "alerts.yml").write_text((PROMETHEUS / "alerts.yml").read_text("utf-8"))
    with needing("promtool"):
        assert "SUCCESS" in promtool("check", "config", "prometheus.yml", folder=tmp_path)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_and_clear_in_their_unit_tests(file: Path) -> None:
    with needing("promtool"):
        assert "SUCCESS" in promtool("test", "rules", file.name, folder=file.parent)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_seen_to_fire_and_to_be_quiet_after_it_fired(alert: str) -> None:
    told: list[list[bool]] = []
    for file in TESTS:
        for case in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            checks = [c for c in case["alert_rule_test"] if c["alertname"] == alert]
            told.append([bool(check["exp_alerts"]) for check in checks])
    assert any(True in case and not case[-1] for case in told), f"{alert} never clears"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_page_of_its_name_that_begins_with_it(alert: str) -> None:
    rule, page = ALERTS[alert], page_of(alert)
    assert rule["annotations"]["runbook"] == str(page.relative_to(REPOSITORY))
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert page.read_text("utf-8").split("\n\n")[1].startswith(f"**Alert.** `{alert}`")
    assert f"| `{alert}` | [{page.name}]({page.name}) |" in (RUNBOOKS / "README.md").read_text()


def test_every_page_is_in_the_index() -> None:
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES if f"({page.name})" not in index] == ["README.md"]


def test_rules_use_only_metrics_that_exist() -> None:
    used = {name for rule in RULES for name in METRIC.findall(rule["expr"])}
    assert used
    assert used - series() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_name_only_metrics_that_exist(page: Path) -> None:
    assert set(METRIC.findall(page.read_text("utf-8"))) - series() == set()
