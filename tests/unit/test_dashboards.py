"""Dashboards ask only for what is measured, in a language Prometheus understands."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors._kit.discover import discover
from hub.dashboards import dashboards, main
from tests.support.needs import needing
from tests.support.promtool import promtool
from tests.unit.test_alerts import METRIC, series

FOLDER = Path(__file__).parents[2] / "ops" / "grafana" / "dashboards"
PAGES: dict[str, dict[str, Any]] = {each.uid: each.as_json() for each in dashboards()}
BROKERS = {
    "rabbitmq_disk_space_available_bytes",
    "rabbitmq_disk_space_available_limit_bytes",
    "rabbitmq_process_resident_memory_bytes",
    "rabbitmq_resident_memory_limit_bytes",
}


def expressions(page: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in page["panels"] for target in panel["targets"]]


def test_the_files_are_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.dashboards.FOLDER", FOLDER)
    assert main(["--check"]) == 0
    assert {path.stem for path in FOLDER.glob("*.json")} == PAGES.keys()


def test_there_is_one_for_each_ministry_and_one_each_for_the_rest() -> None:
    ministries = {f"qovsaq-ministry-{name}" for name in discover()}
    assert PAGES.keys() - ministries == {
        "qovsaq-overview", "qovsaq-subscribers", "qovsaq-machines",
    }  # fmt: skip


@pytest.mark.parametrize("uid", PAGES)
def test_every_metric_that_is_shown_is_measured(uid: str) -> None:
    text = " ".join(expressions(PAGES[uid]))
    assert set(METRIC.findall(text)) - series() == set()
    assert set(re.findall(r"\brabbitmq_\w+", text)) <= BROKERS


@pytest.mark.parametrize("uid", PAGES)
def test_panels_stand_beside_each_other_with_a_number_of_their_own(uid: str) -> None:
    panels = PAGES[uid]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    assert not any(overlap(a["gridPos"], b["gridPos"]) for a, b in combinations(panels, 2))
    assert all(panel["targets"] and panel["title"] for panel in panels)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    found = {text for page in PAGES.values() for text in expressions(page)}
    rules = [{"record": f"x:{n}", "expr": text} for n, text in enumerate(sorted(found))]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}))
    with needing("promtool"):
        assert f"{len(found)} rules found" in promtool(
            "check", "rules", "rules.yml", folder=tmp_path
        )


def test_a_stale_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.dashboards.FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    (tmp_path / "forgotten.json").write_text(json.dumps({}))
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert not (tmp_path / "forgotten.json").exists()
