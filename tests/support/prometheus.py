"""A real Prometheus and Alertmanager on the project's own rules, hurried where only time matters.

The rules are those of ``ops/prometheus/alerts.yml`` with every ``for`` (how long a condition must
hold) made two seconds. Processes are scraped every second, fifteen times as often; windows of
alerts that fire for as long as something lies within one are a fifteenth, and hold as many samples.
Nothing else differs: expressions, other windows in them included, labels and annotations are what
they are. The configuration is ``ops/prometheus/prometheus.yml`` with other intervals and addresses.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support.servers import NoServer, free_port, wait_until

OPS = Path(__file__).parents[2] / "ops"
_HELD = "2s"
_REMEMBERING = {"DeadLetters", "PoisonParked", "DeafConsumer"}
_WINDOWS = {"15m": "1m", "1h": "4m"}
_WINDOW = re.compile(r"(?<=\[|\s)\d+[smhd]\b")
_BOOT_SECONDS = 120


class Prometheus:
    """A running server, asked over HTTP."""

    def __init__(self, port: int, alertmanager: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._alertmanager = f"http://127.0.0.1:{alertmanager}"

    def firing(self, alert: str) -> bool:
        """Whether an alert fires, whatever its labels."""
        return any(
            found["labels"]["alertname"] == alert and found["state"] == "firing"
            for found in self.alerts()
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Alerts that are pending or firing."""
        answer = requests.get(f"{self.url}/api/v1/alerts", timeout=30).json()
        return list(answer["data"]["alerts"])

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression is at this moment, series by series."""
        asked = {"query": expression}
        answer = requests.get(f"{self.url}/api/v1/query", params=asked, timeout=30).json()
        if answer["status"] != "success":
            raise AssertionError(f"{expression}: {answer.get('error')}")
        return list(answer["data"]["result"])

    def told(self, alert: str) -> bool:
        """Whether Alertmanager knows an alert."""
        with contextlib.suppress(requests.ConnectionError):
            found = requests.get(f"{self._alertmanager}/api/v2/alerts", timeout=30).json()
            return any(each["labels"]["alertname"] == alert for each in found)
        return False


def hurried(rules: Path) -> dict[str, Any]:
    """Read rules; let no condition have to hold, or be remembered, for as long as it says."""
    read: dict[str, Any] = yaml.safe_load(rules.read_text("utf-8"))
    for group in read["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = _HELD
            if rule.get("alert") in _REMEMBERING:
                rule["expr"] = _WINDOW.sub(lambda found: _WINDOWS[found[0]], rule["expr"])
    return read


@contextmanager
def running_prometheus(
    folder: Path, targets: Mapping[str, list[str]], authority: Path
) -> Iterator[Prometheus]:
    """Run both on a folder; ``targets`` are addresses by job. Raises ``NoServer`` without them."""
    port, alertmanager = free_port(), free_port()
    config = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"] = [
        {"targets": [f"127.0.0.1:{alertmanager}"]}
    ]
    config["scrape_configs"] = [
        job | {"static_configs": [{"targets": targets[job["job_name"]]}]}
        for job in config["scrape_configs"]
        if job["job_name"] in targets
    ]
    for job in config["scrape_configs"]:
        if "tls_config" in job:
            job["tls_config"]["ca_file"] = str(authority)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    rules = yaml.safe_dump(hurried(OPS / "prometheus" / "alerts.yml"))
    (folder / "alerts.yml").write_text(rules, "utf-8")
    with (
        _running(
            folder,
            "prometheus-alertmanager",
            f"--config.file={OPS / 'alertmanager' / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=",
        ),
        _running(
            folder,
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ),
    ):
        made = Prometheus(port, alertmanager)
        wait_until(lambda: _ready(made.url), _BOOT_SECONDS, "Prometheus")
        yield made


@contextmanager
def _running(folder: Path, name: str, *arguments: str) -> Iterator[None]:
    program = shutil.which(name)
    if program is None:
        raise NoServer(f"{name} is not installed (Debian: apt-get install {name})")
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen([program, *arguments], stdout=log, stderr=log, cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False
