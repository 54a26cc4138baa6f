"""Every metric, declared once with kind, unit, labels and meaning; ``docs/metrics.md`` is derived.

Labels are bounded: ministries, hops, queues of the topology, and names that code declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
