"""A day's manifest set against what came: what is missing, what is extra, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from hub.evidence import findings, manifests, receipts
from hub.evidence.manifests import Due, Kept
from hub.quality import looking
from hub.store.database import Transaction
from schemas.dates import BAKU
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
    beyond: Mapping[str, int] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether everything came, and nothing else."""
        return not (self.missing or self.extra or any(self.absent.values()))


def look(tx: Transaction, due: Due, now: datetime, settle: timedelta) -> bool:
    """Compare a manifest, keep the outcome, and draw up an answer if it is another than the last.

    Returns whether the manifest agrees. One that does, and is a snapshot, is held against what
    the registry has, but for what changed within ``settle``.
    """
    kept = due.kept
    found = seen(tx, kept)
    if found.agrees and kept.document.snapshot:
        found = replace(found, beyond=_beyond(tx, kept, now, settle))
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
        receipts.keep(tx, answer.ministry, [answer], now)
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
        *(f"{name}:{count} extra" for name, count in found.beyond.items()),
        *(f"{name}:{amount(ranges)}" for name, ranges in found.absent.items()),
        *(f"{name}:{gap}" for name, ranges in numbers.items() for gap in ranges),
    )
    return ManifestAnswer(
        receipt_id=receipts.receipt_id(told.ministry, f"manifest {told.day}", parts),
        ministry=told.ministry,
        day=told.day,
        message_id=kept.message_id,
        agrees=found.agrees,
        stated=told.messages,
        received=found.received,
        sha256=found.sha256,
        missing=found.missing,
        extra=found.extra,
        missing_ids=list(found.missing_ids),
        extra_ids=list(found.extra_ids),
        missing_numbers=numbers,
        extra_facts=dict(found.beyond),
        answered_at=now,
    )


def _beyond(tx: Transaction, kept: Kept, now: datetime, settle: timedelta) -> Mapping[str, int]:
    """Find, by record type, what the registry has and a snapshot does not show; count it."""
    told = kept.document
    shown, given = manifests.shown(kept)
    end = datetime.combine(told.day + timedelta(days=1), time(), BAKU)
    given |= {"end": end, "before": now - settle}
    (rule,) = looking.SNAPSHOT_RULES
    counted = {}
    for record_type in told.snapshot:
        found, of = looking.beyond(record_type, shown), (told.ministry, record_type)
        findings.compare(tx, [rule], found, now, given, of)
        counted[record_type] = findings.open_of(tx, rule, *of)
    return counted


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
