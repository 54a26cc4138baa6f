from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from hub.exposition import exposed
from hub.health import Finding, Level, worst
from hub.measures import Kind, Metric
from hub.metrics import Metrics
from schemas.errors import Stop

HOST = "127.0.0.1"


class Process(NamedTuple):
    """A process that exposes itself; ``findings`` is what its health check will find."""

    url: str
    metrics: Metrics
    findings: list[Finding]


@pytest.fixture
def process() -> Iterator[Process]:
    metrics = Metrics((Metric("things", Kind.COUNTER, "things", (), "Things seen."),))
    findings: list[Finding] = []

    def check() -> Sequence[Finding]:
        return findings

    with exposed(metrics, check, HOST, 0) as port:
        yield Process(f"http://{HOST}:{port}", metrics, findings)


def get(url: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_metrics_are_served_in_the_text_format(process: Process) -> None:
    process.metrics.count("things", 3)
    status, content_type, body = get(f"{process.url}/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=0.0.4")
    assert b"qovsaq_things_total 3.0" in body


def test_health_is_200_with_warnings_and_503_with_an_error(process: Process) -> None:
    process.findings.append(Finding("topology", Level.WARNING, "drifted", "declare it"))
    status, _, body = get(f"{process.url}/health")
    assert status == 200
    assert json.loads(body) == {
        "status": "warning",
        "findings": [
            {"subject": "topology", "level": "warning", "text": "drifted", "remedy": "declare it"}
        ],
    }
    process.findings.append(Finding("database", Level.ERROR, "does not answer"))
    assert get(f"{process.url}/health")[0] == 503


def test_anything_else_is_not_found(process: Process) -> None:
    assert get(f"{process.url}/")[0] == 404


def test_a_taken_port_is_a_broken_environment_in_plain_words(process: Process) -> None:
    port = int(process.url.rpartition(":")[2])
    with (
        pytest.raises(Stop, match=f"cannot serve metrics on {HOST}:{port}"),
        exposed(process.metrics, list, HOST, port),
    ):
        pass


def test_the_port_is_free_again_afterwards() -> None:
    metrics = Metrics(())
    with exposed(metrics, list, HOST, 0) as port:
        pass
    with exposed(metrics, list, HOST, port) as again:
        assert again == port


def test_the_worst_finding_counts() -> None:
    def found(*levels: Level) -> list[Finding]:
        return [Finding("part", level, "text") for level in levels]

    assert worst([]) is Level.OK
    assert worst(found(Level.OK, Level.WARNING, Level.OK)) is Level.WARNING
    assert worst(found(Level.ERROR, Level.WARNING)) is Level.ERROR
