"""``qovsaq drill`` as an operator runs it: against real processes, watched by a real Prometheus."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.alert_site import Site, alert_site
from tests.support.hub_process import environment
from tests.support.needs import needing
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]
SECONDS = 240


class Ended(NamedTuple):
    """How a drill ended: its status, its record, and what it told people."""

    status: int
    record: dict[str, Any]
    told: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("drills")
    with needing("Prometheus, RabbitMQ and PostgreSQL"), alert_site(folder) as made:
        made.broker.settle()
        yield made


def drill(site: Site, *words: str) -> Ended:
    """Run a drill as a process of its own, with nothing to answer its questions."""
    settings = {**site.operator().settings, "QOVSAQ_DRILL__PROMETHEUS": site.prometheus.url}
    ended = subprocess.run(
        [sys.executable, "-m", "hub.cli", "drill", *words, "--json"],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    record = json.loads(ended.stdout) if ended.stdout.strip() else {}
    return Ended(ended.returncode, record, ended.stderr)


@contextmanager
def restarting(site: Site, asked: Path) -> Iterator[str]:
    """Yield a command that has the broker's node restarted, and ends when it is back.

    It is away until Prometheus has said so.
    """
    over = threading.Event()

    def noticed() -> bool:
        return site.prometheus.firing("ProcessDown")

    def serve() -> None:
        while not over.wait(0.1):
            if asked.exists():
                site.broker.stop()
                wait_until(noticed, SECONDS, "ProcessDown, firing")
                site.broker.start()
                asked.unlink()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        name = shlex.quote(str(asked))
        yield f"touch {name}; while [ -e {name} ]; do sleep 0.2; done"
    finally:
        over.set()
        thread.join()


def test_a_restart_of_the_broker_costs_nothing_and_its_alerts_are_on_record(
    site: Site, tmp_path: Path
) -> None:
    with restarting(site, tmp_path / "restart") as harm:
        ended = drill(site, "broker-restart", "--harm", harm, "--yes")
    assert (ended.status, ended.record["passed"]) == (0, True), ended
    assert ended.record["fates"].keys() == {"discarded test-mode"}
    assert ended.record["prometheus"] == "asked"
    assert "ProcessDown" in ended.record["alerts"]
    assert ended.record["register"] != []
    assert ended.record["outage_noticed_within_seconds"] > 1
    operator = site.operator()
    (listed,) = operator("drill", "list", "--json").json
    assert (listed["name"], listed["by"], listed["passed"]) == ("broker-restart", "operator", True)

    def outages() -> list[dict[str, Any]]:
        listed = operator("downtime", "list", "--json").json
        return [entry for entry in listed if entry["component"] == "broker"]

    assert {f"number {entry['downtime_id']}" for entry in outages()} == {*ended.record["register"]}
    wait_until(lambda: all(entry["ended_at"] for entry in outages()), SECONDS, "an end of it")


def test_without_consent_nothing_is_sent_and_nothing_is_done(site: Site, tmp_path: Path) -> None:
    ended = drill(site, "broker-restart", "--harm", f"touch {tmp_path / 'done'}")
    assert ended.status == 1
    assert "all traffic stands still while the broker is away" in ended.told
    assert not (tmp_path / "done").exists()


def test_a_harm_that_fails_fails_the_drill_and_says_so(site: Site) -> None:
    ended = drill(site, "broker-restart", "--harm", "exit 7", "--yes")
    assert (ended.status, ended.record["passed"]) == (1, False)
    (check,) = (each for each in ended.record["checks"] if not each["passed"])
    assert check["seen"] == "--harm ended with status 7"
