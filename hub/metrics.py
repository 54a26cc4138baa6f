"""Every metric, declared once with kind, unit, labels and meaning; ``docs/metrics.md`` is derived.

The moving parts report through ``routing.observer.Observer`` by these names; a name or label that
is not declared here is a ``KeyError`` or ``ValueError``, so a typo cannot measure nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

PREFIX = "qovsaq_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A second series for each counter, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it out
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_ITEMS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


class Kind(StrEnum):
    """What a number means: a growing sum, a level, or a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as code names it; it is exposed with the prefix ``qovsaq_``."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str


_PER_MINISTRY = ("ministry",)
_PER_HOP = ("hop",)

CATALOGUE: tuple[Metric, ...] = (
    Metric(
        "messages_received",
        Kind.COUNTER,
        "messages",
        ("ministry", "lane"),
        "Messages admitted at intake, re-arrivals included.",
    ),
    Metric(
        "messages_again",
        Kind.COUNTER,
        "messages",
        _PER_MINISTRY,
        "Messages that had arrived before.",
    ),
    Metric(
        "records_received",
        Kind.COUNTER,
        "records",
        ("ministry", "lane"),
        "Records found in messages that arrived for the first time.",
    ),
    Metric(
        "refused",
        Kind.COUNTER,
        "records",
        ("ministry", "rule"),
        "Records refused at intake, each with a notice to its sender.",
    ),
    Metric(
        "batch_deliveries",
        Kind.HISTOGRAM,
        "deliveries",
        _PER_HOP,
        "Deliveries a worker took at once.",
    ),
    Metric(
        "batches_isolated",
        Kind.COUNTER,
        "batches",
        _PER_HOP,
        "Batches that failed as a unit and were handled record by record.",
    ),
    Metric(
        "put_aside",
        Kind.COUNTER,
        "messages",
        _PER_HOP,
        "Messages sent to the retry ladder or to a dead queue.",
    ),
    Metric(
        "poison_parked",
        Kind.COUNTER,
        "messages",
        _PER_HOP,
        "Messages parked because handling them killed the process repeatedly.",
    ),
    Metric(
        "dead_letters",
        Kind.COUNTER,
        "messages",
        (),
        "Failures for good that the desk took over from the dead queues.",
    ),
    Metric(
        "dead_letters_waiting",
        Kind.GAUGE,
        "messages",
        _PER_MINISTRY,
        "Dead letters that wait for a person; counted about once a minute.",
    ),
    Metric(
        "hop_paused",
        Kind.GAUGE,
        "0 or 1",
        _PER_HOP,
        "Whether a worker waits for a dependency that is down.",
    ),
    Metric(
        "breaker_opened",
        Kind.COUNTER,
        "outages",
        ("hop", "dependency"),
        "Times a worker began to hold because a dependency failed several times in a row.",
    ),
    Metric(
        "consumers_rebuilt",
        Kind.COUNTER,
        "connections",
        ("queue",),
        "Consumers that had gone deaf, although their queue was not empty, and were replaced.",
    ),
    Metric(
        "in_flight",
        Kind.GAUGE,
        "records",
        _PER_MINISTRY,
        "Records on their way, each with a proven holder; 0 at rest.",
    ),
    Metric(
        "unaccounted",
        Kind.GAUGE,
        "records",
        _PER_MINISTRY,
        "Records whose whereabouts cannot be proven; anything but 0 is an alarm.",
    ),
    Metric(
        "records_settled",
        Kind.COUNTER,
        "records",
        ("ministry", "outcome"),
        "Records the registry has decided: written, unchanged or superseded.",
    ),
    Metric(
        "relayed",
        Kind.COUNTER,
        "records",
        (),
        "Records published again because they had lost their holder.",
    ),
    Metric(
        "poll_documents",
        Kind.COUNTER,
        "documents",
        _PER_MINISTRY,
        "Documents fetched from a ministry's service and published to its intake exchange.",
    ),
    Metric(
        "poll_failures",
        Kind.COUNTER,
        "rounds",
        _PER_MINISTRY,
        "Poll rounds given up after all attempts; the next round tries again.",
    ),
    Metric(
        "poll_cursor",
        Kind.GAUGE,
        "sequence",
        _PER_MINISTRY,
        "Last sequence number of a ministry's service that is safely on the bus.",
    ),
    Metric(
        "poll_seconds",
        Kind.HISTOGRAM,
        "seconds",
        _PER_MINISTRY,
        "Time from asking for a page to its last confirmed publish.",
    ),
    Metric(
        "http_taken",
        Kind.COUNTER,
        "messages",
        _PER_MINISTRY,
        "Messages taken over HTTP and confirmed by the broker.",
    ),
    Metric(
        "http_documents",
        Kind.COUNTER,
        "documents",
        _PER_MINISTRY,
        "Documents taken over HTTP in parts, to the last of them.",
    ),
    Metric(
        "http_refused",
        Kind.COUNTER,
        "requests",
        ("ministry", "rule"),
        "Requests refused at the HTTP door; nothing of them was taken.",
    ),
    Metric(
        "contract_breaks",
        Kind.GAUGE,
        "differences",
        _PER_MINISTRY,
        "Differences between a contract as its ministry serves it and ours that break messages.",
    ),
    Metric(
        "contract_failures",
        Kind.COUNTER,
        "fetches",
        _PER_MINISTRY,
        "Contracts that could not be fetched from where a ministry serves them.",
    ),
)


class Metrics:
    """A process's measurements: an ``Observer`` with a registry of its own."""

    def __init__(self, catalogue: tuple[Metric, ...] = CATALOGUE) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in catalogue:
            self._declare(metric)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a declared counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a declared distribution."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a declared level."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def expose(self) -> bytes:
        """Render everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _declare(self, metric: Metric) -> None:
        name, text, labels = PREFIX + metric.name, metric.meaning, metric.labels
        match metric.kind:
            case Kind.COUNTER:
                self._counters[metric.name] = Counter(name, text, labels, registry=self._registry)
            case Kind.GAUGE:
                self._gauges[metric.name] = Gauge(name, text, labels, registry=self._registry)
            case Kind.HISTOGRAM:
                buckets = _SECONDS if metric.unit == "seconds" else _ITEMS
                self._histograms[metric.name] = Histogram(
                    name, text, labels, registry=self._registry, buckets=buckets
                )


def table() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield exposed name, kind, unit, labels and meaning of every metric."""
    for metric in CATALOGUE:
        suffix = "_total" if metric.kind is Kind.COUNTER else ""
        name = PREFIX + metric.name.removesuffix("_total") + suffix
        yield name, metric.kind, metric.unit, ", ".join(metric.labels), metric.meaning
