"""A day's manifest set against what came: what is missing, what is extra, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hub.evidence import manifests, receipts
from hub.evidence.manifests import Due, Kept
from hub.store.database import Transaction
from schemas.manifest import ManifestAnswer

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the hub has of a day: messages, their digest, and ids that differ where it knows."""

    received: int
    sha256: str
    missing: int = 0
    extra: int = 0
    missing_ids: tuple[str, ...] = ()
    extra_ids: tuple[str, ...] = ()
    absent: Mapping[str, tuple[Range, ...]] = field(default_factory=dict)


def look(tx: Transaction, due: Due, now: datetime) -> bool:
    """Compare a manifest, keep the outcome, and draw up an answer if it is another than the last.

    Returns whether the manifest agrees.
    """
    kept = due.kept
    found = seen(tx, kept)
    answer = judge(kept, found, now)
    manifests.looked(
        tx,
        kept,
        agrees=answer.agrees,
        missing=answer.missing,
        extra=answer.extra,
        absent={name: amount(ranges) for name, ranges in found.absent.items() if ranges},
        answer=answer.receipt_id,
    )
    if answer.receipt_id != due.answer:
        receipts.keep(tx, answer.ministry, [(answer.receipt_id, answer)], now)
    return answer.agrees


def seen(tx: Transaction, kept: Kept) -> Seen:
    """Gather what the hub has of the day of a manifest."""
    told = kept.document
    received, sha256 = manifests.of_day(tx, told.ministry, told.day)
    absent = {
        record_type: tuple(gaps(numbers.first, numbers.last, held))
        for record_type, numbers in told.sequences.items()
        for held in [manifests.numbers(tx, told.ministry, record_type, numbers.first, numbers.last)]
    }
    if sha256 == told.sha256:
        return Seen(received, sha256, absent=absent)
    if told.message_ids is None:
        missing, extra = max(told.messages - received, 0), max(received - told.messages, 0)
        # As many, but others: at least one of each.
        other = int(not missing and not extra)
        return Seen(received, sha256, missing or other, extra or other, absent=absent)
    row = manifests.named(tx, told.ministry, told.day, told.message_ids)
    return Seen(
        received,
        sha256,
        row["missing"],
        row["extra"],
        tuple(row["missing_ids"]),
        tuple(row["extra_ids"]),
        absent,
    )


def judge(kept: Kept, found: Seen, now: datetime) -> ManifestAnswer:
    """Answer a manifest; the same outcome has the same id, whenever it is found."""
    told = kept.document
    numbers = {
        name: [_written(gap) for gap in ranges[: manifests.MOST_NAMED]]
        for name, ranges in found.absent.items()
        if ranges
    }
    parts = (
        kept.record_id,
        f"{found.missing}/{found.extra}",
        *found.missing_ids,
        *found.extra_ids,
        *(f"{name}:{amount(ranges)}" for name, ranges in found.absent.items()),
        *(f"{name}:{gap}" for name, ranges in numbers.items() for gap in ranges),
    )
    return ManifestAnswer(
        receipt_id=receipts.receipt_id(told.ministry, f"manifest {told.day}", parts),
        ministry=told.ministry,
        day=told.day,
        message_id=kept.message_id,
        agrees=not (found.missing or found.extra or numbers),
        stated=told.messages,
        received=found.received,
        sha256=found.sha256,
        missing=found.missing,
        extra=found.extra,
        missing_ids=list(found.missing_ids),
        extra_ids=list(found.extra_ids),
        missing_numbers=numbers,
        answered_at=now,
    )


def gaps(first: int, last: int, held: Iterable[int]) -> Iterator[Range]:
    """Yield the ranges from first to last that hold none of the numbers, which come in order."""
    expected = first
    for number in held:
        if number > expected:
            yield expected, number - 1
        expected = max(expected, number + 1)
    if expected <= last:
        yield expected, last


def amount(ranges: Iterable[Range]) -> int:
    """Count the numbers in ranges."""
    return sum(last - first + 1 for first, last in ranges)


def _written(gap: Range) -> str:
    first, last = gap
    return str(first) if first == last else f"{first}-{last}"
