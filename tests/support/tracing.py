"""Tracing into memory, for tests to look at the spans."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from hub.tracing.exporting import provider
from hub.tracing.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
SENT = f"00-{TRACE}-b7ad6b7169203331-01"
"""What a ministry that traces itself sends; the example of W3C's recommendation."""


class Traced:
    """Tracing, and the spans it made."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._kept = InMemorySpanExporter()
        made = provider(ratio, "test", "test:1")
        made.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracing = Tracing(made)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._kept.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def text(self) -> str:
        """Everything that would leave for a collector."""
        return "\n".join(span.to_json() for span in self.spans)


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def place(span: ReadableSpan) -> str:
    """A span as ``traceparent`` has it."""
    return _written(span.context)


def parent_of(span: ReadableSpan) -> str:
    """Whoever a span belongs under, as ``traceparent`` has it."""
    return _written(span.parent)


def linked(span: ReadableSpan) -> set[str]:
    """Traces that a span is linked to."""
    return {f"{link.context.trace_id:032x}" for link in span.links}


def _written(context: SpanContext | None) -> str:
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
