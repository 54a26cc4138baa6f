"""Tracing costs nothing when off, and harms nothing when its collector does not answer."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from hub.settings import InvalidSettings, load
from hub.telemetry import TracingSettings
from hub.tracing.opening import open_tracing
from hub.tracing.tracing import Tracing
from routing.observer import Unobserved
from tests.support.servers import free_port, wait_until
from tests.support.tracing import SENT, Traced, trace_of

_IMPORTED = """
import sys, hub.workers, hub.outbound, hub.http.opening, hub.cli.run
sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
"""


class Counting(Unobserved):
    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self.counted[f"{name} {labels['outcome']}"] += int(amount)


def opened(port: int, observer: Unobserved) -> Tracing:
    endpoint = f"http://127.0.0.1:{port}/v1/traces"
    settings = TracingSettings.model_validate({"endpoint": endpoint, "ratio": 1})
    tracing = open_tracing(settings, "intake", observer)
    assert tracing is not None
    return tracing


def ended() -> bool:
    """Whether no exporter is at work any more, which would disturb other tests."""
    return not any("Otel" in thread.name for thread in threading.enumerate())


def trace(tracing: Tracing, spans: int) -> float:
    """Make spans; return the seconds that took."""
    begun = time.monotonic()
    for _ in range(spans):
        with tracing.messages("intake", [(None, {})]):
            pass
    return time.monotonic() - begun


def test_without_an_endpoint_there_is_no_tracing_and_nothing_of_it_is_imported() -> None:
    assert open_tracing(TracingSettings(), "intake", Unobserved()) is None
    assert subprocess.run([sys.executable, "-c", _IMPORTED], check=False).returncode == 0


def test_a_collector_that_is_down_costs_spans_alone_and_they_are_counted() -> None:
    observer = Counting()
    tracing = opened(free_port(), observer)
    trace(tracing, 1000)
    tracing.close()
    wait_until(ended, 60, "the exporter's end")
    assert observer.counted == {"spans lost": 1000}


def test_a_collector_that_never_answers_holds_up_neither_work_nor_the_stop() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        tracing = opened(silent.getsockname()[1], Unobserved())
        assert trace(tracing, 10_000) < 30  # 10,000 exports of 5 s each would be half a day
        begun = time.monotonic()
        tracing.close()
        assert time.monotonic() - begun < 30
        wait_until(ended, 60, "the exporter's end")


def test_a_collector_elsewhere_is_reached_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOVSAQ_TRACING__ENDPOINT", "http://collector.test/v1/traces")
    with pytest.raises(InvalidSettings, match="TRACING__ENDPOINT: leaves this machine"):
        load()
    monkeypatch.setenv("QOVSAQ_TRACING__ENDPOINT", "https://collector.test/v1/traces")
    load()


def test_records_of_no_trace_make_no_span() -> None:
    traced = Traced()
    with traced.tracing.batch("registry commit", [None, "nonsense"]) as traceparent:
        assert traceparent is None
    assert traced.spans == []


def test_records_of_one_trace_make_one_span_however_many_they_are() -> None:
    traced = Traced()
    with traced.tracing.batch("registry commit", [SENT, None, SENT], records=3):
        pass
    (span,) = traced.spans
    assert trace_of(span) in SENT
    assert span.attributes == {"qovsaq.records": 3}


def test_one_trace_in_ten_is_sampled_and_every_process_agrees_which() -> None:
    first, second = Traced(ratio=0.1), Traced(ratio=0.1)
    sent = [f"00-{number * 7919 + 1:032x}-b7ad6b7169203331-01" for number in range(5)]
    sent += [f"00-{number:016x}{'f' * 16}-b7ad6b7169203331-01" for number in range(1, 5)]
    for each in (first, second):
        with each.tracing.messages("intake", [(parent, {}) for parent in sent]):
            pass
    traces = {trace_of(span) for span in first.spans}
    assert traces == {trace_of(span) for span in second.spans}
    assert len(traces) == 5
