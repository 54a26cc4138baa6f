"""What the registry tells of a batch it has committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from hub.registry.fold import Outcome
from hub.store.database import Row
from routing.observer import Observer


def measure(
    observer: Observer,
    settled: Mapping[tuple[str, Outcome], int],
    ways: Iterable[Row],
    end: datetime,
) -> None:
    """Count records by ministry and outcome, and observe how long they took until ``end``.

    ``ways`` are ministry, lane, began and records; a sender's clock that is ahead counts as none.
    """
    for (ministry, outcome), records in settled.items():
        observer.count("records_settled", records, ministry=ministry, outcome=outcome)
    for way in ways:
        seconds = max((end - way["began"]).total_seconds(), 0.0)
        for _ in range(way["records"]):
            observer.observe(
                "critical_seconds", seconds, ministry=way["ministry"], lane=way["lane"]
            )
