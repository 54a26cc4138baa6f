"""Spans on their way out: sampled, bounded, by OTLP over HTTP, on a thread of their own.

A collector that is slow or down costs spans and nothing else: at most ``_WAITING`` wait, the
oldest make room, and no hop ever waits for an export.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from hub.telemetry import TracingSettings
from hub.tracing.tracing import Tracing
from routing.observer import Observer

_WAITING = 4096
_EXPORT_SECONDS = 5.0
_LIMITS = SpanLimits(
    max_span_attributes=16, max_events=0, max_links=1024, max_span_attribute_length=128
)


class _OfLinked(Sampler):
    """Samples what is linked, for links are made to sampled spans only; the rest by the ratio."""

    def __init__(self, ratio: float) -> None:
        self._ratio = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,  # noqa: ARG002 - the hub carries none
    ) -> SamplingResult:
        """Decide on a span."""
        sampler = ALWAYS_ON if links else self._ratio
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """Name it."""
        return f"linked, else {self._ratio.get_description()}"


class _Counted(SpanExporter):
    """Counts what left and what was lost on the way."""

    def __init__(self, exporter: SpanExporter, observer: Observer) -> None:
        self._exporter = exporter
        self._observer = observer
        self._abandoned = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export, and count."""
        result = SpanExportResult.FAILURE if self._abandoned else self._exporter.export(spans)
        outcome = "exported" if result is SpanExportResult.SUCCESS else "lost"
        self._observer.count("spans", len(spans), outcome=outcome)
        return result

    def shutdown(self) -> None:
        """End; spans that still come are lost, and a repetition that waits is given up."""
        if not self._abandoned:
            self._abandoned = True
            self._exporter.shutdown()


def provider(ratio: float, process: str, instance: str) -> TracerProvider:
    """Make what spans are made by; whoever adds a processor gets them.

    A sender's own decision not to sample holds; its decision to sample is subject to ``ratio``,
    which by trace id comes out alike in every process: nobody outside decides what this costs.
    """
    by_ratio = _OfLinked(ratio)
    return TracerProvider(
        sampler=ParentBased(root=by_ratio, remote_parent_sampled=by_ratio),
        resource=Resource(
            {
                "service.namespace": "qovsaq",
                "service.name": f"qovsaq-{process}",
                "service.instance.id": instance,
            }
        ),
        shutdown_on_exit=False,
        span_limits=_LIMITS,
    )


def tracing(
    endpoint: str, settings: TracingSettings, process: str, instance: str, observer: Observer
) -> Tracing:
    """Trace a process to the collector that the settings name."""
    authorities = str(settings.authorities) if settings.authorities else None
    exporter = OTLPSpanExporter(
        endpoint=endpoint,
        certificate_file=authorities,
        timeout=_EXPORT_SECONDS,
    )
    made = provider(settings.ratio, process, instance)
    counted = _Counted(exporter, observer)
    made.add_span_processor(BatchSpanProcessor(counted, max_queue_size=_WAITING))
    return Tracing(made, counted.shutdown)
