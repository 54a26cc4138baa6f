"""Spans of the hub's hops: one per message at intake, one per trace and batch after that.

After intake a unit of work holds records of many messages. Work on one trace is a span in it;
work on several is a span of its own that is linked to each, and a span in each that is linked
to it, so that following one message never ends at a batch.

Attributes are counts, names that code or operators declare, and derived ids: nothing of a
record, no message id (its sender chose it), and of a failure its type alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hub.tracing.carried import carried
from routing.message import TRACEPARENT

Value = str | int | bool
_PROPAGATOR = TraceContextTextMapPropagator()
_PREFIX = "qovsaq."


class Mark:
    """One traced message while it is worked on; ``traceparent`` is None where it is not sampled."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.traceparent = _traceparent(span)

    def note(self, **attributes: Value) -> None:
        """Add what turned out meanwhile."""
        self._span.set_attributes(_named(attributes))


class Tracing:
    """Makes spans; for any thread. Exporting is the provider's, on a thread of its own.

    ``abandon`` gives up what is left of it when a stop has waited for ``patience`` (seconds).
    """

    def __init__(
        self,
        provider: TracerProvider,
        abandon: Callable[[], None] = lambda: None,
        patience: float = 3.0,
    ) -> None:
        self._provider = provider
        self._abandon = abandon
        self._patience = patience
        self._tracer = provider.get_tracer("qovsaq")

    @contextmanager
    def messages(
        self, name: str, senders: Sequence[tuple[str | None, Mapping[str, Value]]]
    ) -> Iterator[list[Mark]]:
        """Trace messages that are taken together, each in the trace its sender began or its own.

        ``senders`` has what each carried as ``traceparent``, and its attributes.
        """
        spans = [
            self._tracer.start_span(
                name,
                context=_context(carried(parent)),
                kind=SpanKind.CONSUMER,
                attributes=_named(attributes),
            )
            for parent, attributes in senders
        ]
        with _ended(spans):
            yield [Mark(span) for span in spans]

    @contextmanager
    def batch(
        self, name: str, parents: Iterable[str | None], **attributes: Value
    ) -> Iterator[str | None]:
        """Trace work on records of some traces; yield what to hand on as ``traceparent``.

        ``parents`` is what each record carries; those of no trace are passed over, and without
        any other there is no span.
        """
        traces = list(dict.fromkeys(filter(None, map(carried, parents))))
        spans = self._spans(name, traces, _named(attributes)) if traces else []
        with _ended(spans):
            yield _traceparent(spans[0]) if spans else None

    def close(self) -> None:
        """Export what waits, for no longer than the patience: a stop is not held up."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(self._patience)
        self._abandon()

    def _spans(self, name: str, traces: list[str], attributes: dict[str, Value]) -> list[Span]:
        if len(traces) == 1:
            return [self._span(name, attributes, parent=traces[0])]
        together = self._span(name, attributes, links=[_link(parent) for parent in traces])
        back = [Link(together.get_span_context())]
        return [together, *(self._span(name, {}, parent=each, links=back) for each in traces)]

    def _span(
        self,
        name: str,
        attributes: dict[str, Value],
        *,
        parent: str | None = None,
        links: Sequence[Link] = (),
    ) -> Span:
        return self._tracer.start_span(
            name,
            context=_context(parent),
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            links=links,
        )


@contextmanager
def _ended(spans: Sequence[Span]) -> Iterator[None]:
    """End spans with the block; one that fails gives its exception's type, never its text."""
    try:
        yield
    except BaseException as error:
        for span in spans:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        # A defect of the library may cost a span, never the message.
        for span in spans:
            with suppress(Exception):
                span.end()


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {_PREFIX + name: value for name, value in attributes.items()}


def _context(parent: str | None) -> Context:
    """The context of a parent, or an empty one: never that of whatever thread this is."""
    return _PROPAGATOR.extract({TRACEPARENT: parent} if parent else {}, context=Context())


def _link(parent: str) -> Link:
    return Link(trace.get_current_span(_context(parent)).get_span_context())


def _traceparent(span: Span) -> str | None:
    context = span.get_span_context()
    if not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
