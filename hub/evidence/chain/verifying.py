"""Verifying the chain: every link against the one before it, every row against its leaf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.evidence.chain import links
from hub.evidence.chain.link import GENESIS, Link
from hub.evidence.chain.streams import STREAMS, leaves_of, open_of
from hub.store.database import Transaction

_BEGINNING = -(2**62)
_MOST = 2**62
_ROWS_AT_ONCE = 10_000


class Wrong(StrEnum):
    """What can be wrong with a row or a link."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    RECOMPUTED = "recomputed"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was sealed, and where: ``audit row 17``, ``link 4``."""

    wrong: Wrong
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified. ``unsealed`` counts rows that no link closes yet, by stream."""

    links: int
    rows: int
    head: str | None
    unsealed: Mapping[str, int]
    faults: tuple[Fault, ...]

    @property
    def intact(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.faults


@dataclass(slots=True)
class _Span:
    """Neighbouring links of one stream, read together."""

    stream: str
    after: int
    through: int
    sealed: dict[int, bytes] = field(default_factory=dict)
    link_of: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Differing:
    """A row whose content or presence is not what its link says; None: not there."""

    stream: str
    row: int
    link: int | None
    sealed: bytes | None
    found: bytes | None


def verify(tx: Transaction) -> Report:
    """Verify the whole chain and all rows it closes, as of one moment.

    Must be the first thing its transaction does.
    """
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    walk = _Walk(tx)
    faults = list(walk.links())
    faults += _explained(walk.differing)
    return Report(
        links=walk.count,
        rows=walk.rows,
        head=walk.previous.hash.hex() if walk.previous else None,
        unsealed={
            name: tx.rows(open_of(name), [walk.through.get(name, 0)])[0]["rows"] for name in STREAMS
        },
        faults=tuple(faults),
    )


class _Walk:
    """Goes along the chain once, looking at links one by one and at rows in spans."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._spans: dict[str, _Span] = {}
        self.previous: Link | None = None
        self.through: dict[str, int] = {}
        self.differing: list[_Differing] = []
        self.count = self.rows = 0

    def links(self) -> Iterator[Fault]:
        """Yield what is wrong with links; what is wrong with rows is in ``differing`` after."""
        for link in links.every(self._tx):
            yield from self._faults_of(link)
            if link.stream in STREAMS:
                self._extend(link)
            self.previous = link
            self.count += 1
        for span in self._spans.values():
            self._compare(span)

    def _faults_of(self, link: Link) -> Iterator[Fault]:
        place, before = f"link {link.number}", self.previous
        expected = before.number + 1 if before else 1
        if link.number != expected:
            missing = f"link {expected}" + (
                f" to {link.number - 1}" if link.number - 1 > expected else ""
            )
            yield Fault(Wrong.REMOVED, missing, "the chain has a gap")
        elif link.previous != (before.hash if before else GENESIS):
            yield Fault(Wrong.CHANGED, place, "it is not bound to the link before it")
        if link.hash != link.expected_hash:
            yield Fault(Wrong.CHANGED, place, "its hash is not that of what it holds")
        if link.stream not in STREAMS:
            yield Fault(Wrong.CHANGED, place, "it closes rows of a table that is not known")
        elif link.after != self.through.get(link.stream, 0):
            yield Fault(Wrong.CHANGED, place, "it does not begin where its stream was closed")

    def _extend(self, link: Link) -> None:
        closed = self.through.get(link.stream, 0)
        if link.after != closed and link.stream in self._spans:
            self._compare(self._spans.pop(link.stream))
        span = self._spans.get(link.stream)
        if span is None:
            after = link.after if link.after or closed else _BEGINNING
            span = self._spans[link.stream] = _Span(link.stream, after, link.through)
        span.sealed.update(link.rows)
        span.link_of.update(dict.fromkeys(link.rows, link.number))
        span.through = self.through[link.stream] = link.through
        if len(span.sealed) >= _ROWS_AT_ONCE:
            self._compare(self._spans.pop(link.stream))

    def _compare(self, span: _Span) -> None:
        bounds = {"after": span.after, "through": span.through, "most": _MOST}
        rows = self._tx.rows(leaves_of(span.stream), bounds)
        found = {row["number"]: bytes(row["leaf"]) for row in rows}
        self.rows += len(span.sealed)
        self.differing += [
            _Differing(
                span.stream, number, span.link_of.get(number), span.sealed.get(number),
                found.get(number),
            )
            for number in sorted(span.sealed.keys() | found.keys())
            if span.sealed.get(number) != found.get(number)
        ]  # fmt: skip


def _explained(differing: Iterable[_Differing]) -> Iterator[Fault]:
    """Say of each differing row what happened: a content that was sealed elsewhere has moved."""
    listed = list(differing)
    home = {(row.stream, row.sealed): row for row in listed if row.sealed}
    for row in listed:
        place = f"{row.stream} row {row.row}"
        sealed_in = f"sealed in link {row.link}"
        origin = home.get((row.stream, row.found)) if row.found else None
        if row.found is None:
            yield Fault(Wrong.REMOVED, place, f"it is gone; {sealed_in}")
        elif origin is not None:
            yield Fault(Wrong.REORDERED, place, f"it holds what row {origin.row} held")
        elif row.sealed is None:
            yield Fault(Wrong.INSERTED, place, "it was put in after its neighbours were sealed")
        else:
            yield Fault(Wrong.CHANGED, place, f"it is not what was {sealed_in}")
