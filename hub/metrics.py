"""A process's measurements of what ``measures.toml`` declares, as Prometheus reads them.

The moving parts report through ``routing.observer.Observer``; a name or label that is not
declared is a ``KeyError`` or ``ValueError``, so a typo cannot measure nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from hub.measures import CATALOGUE, Kind, Metric

PREFIX = "qovsaq_"
_M = TypeVar("_M", Counter, Histogram)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A second series for each counter, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it out
_SECONDS = (
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
)  # fmt: skip
_ITEMS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


class Metrics:
    """A process's measurements: an ``Observer`` with a registry of its own."""

    def __init__(self, catalogue: tuple[Metric, ...] = CATALOGUE) -> None:
        self._of_leader = [metric for metric in catalogue if metric.leader]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._found: dict[tuple[object, ...], Counter | Histogram] = {}
        for metric in catalogue:
            self._declare(metric)
        self.abdicate()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a declared counter."""
        self._series(self._counters, name, labels).inc(amount)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a declared distribution."""
        self._series(self._histograms, name, labels).observe(value)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a declared level."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def abdicate(self) -> None:
        """Forget every level that only a leader tells: another process tells them from now on."""
        for metric in self._of_leader:
            gauge = self._gauges[metric.name]
            if metric.labels:
                gauge.clear()
            else:
                gauge.set(math.nan)

    def expose(self) -> bytes:
        """Render everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _series(self, metrics: Mapping[str, _M], name: str, labels: Mapping[str, str]) -> _M:
        """Find what holds these labels' values; kept, since most of it is asked for per record."""
        key = (name, *labels.items())
        series = self._found.get(key)
        if series is None:
            metric = metrics[name]
            series = self._found[key] = metric.labels(**labels) if labels else metric
        return cast("_M", series)

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
