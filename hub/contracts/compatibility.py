"""Compare two sets of contracts: what changed in which file, and whom it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.contracts.changes import BOTH, READERS, SENDERS, Change, Side
from hub.contracts.collection import Contracts
from hub.contracts.comparison import differences
from hub.contracts.shapes import Contract, read
from schemas.errors import Refused

_HERE, _EHIS = "schemas/json/", "connectors/_ehis/"
_TO_MINISTRIES = {f"{_HERE}{name}.v1.json" for name in ("notice", "receipt", "manifest_answer")}
_TO_THE_HUB = {f"{_HERE}{name}.v1.json" for name in ("grant", "subscriber", "manifest")}


@dataclass(frozen=True, slots=True)
class Difference:
    """A change in one file. ``breaks`` names only the sides that this file has."""

    path: str
    rule: str
    place: str
    text: str
    breaks: tuple[Side, ...]


def compare(old: Contracts, new: Contracts) -> list[Difference]:
    """Name every difference, file by file; those with ``breaks`` break somebody."""
    return [
        Difference(path, change.rule, change.place, change.text, _broken(path, change))
        for path in sorted(old.keys() | new.keys())
        for change in _changes(path, old.get(path), new.get(path))
    ]


def _changes(path: str, old: bytes | None, new: bytes | None) -> Iterator[Change]:
    if old == new:
        return
    if old is None:
        yield Change("contract-added", "", "is new", frozenset())
    elif new is None:
        yield Change("contract-removed", "", "is no longer there", BOTH)
    else:
        yield from _inside(path, old, new)


def _inside(path: str, old: bytes, new: bytes) -> Iterator[Change]:
    before, after = _shape(path, old), _shape(path, new)
    if isinstance(before, Refused):
        yield Change("contract-unreadable", "", "was not readable before", frozenset())
    elif isinstance(after, Refused):
        yield Change("contract-unreadable", "", after.explanation, BOTH)
    elif before.shape is None or after.shape is None:
        yield Change("text-changed", "", "only people can tell what that means", frozenset())
    else:
        if before.identity != after.identity:
            yield Change("identity-changed", "", "another namespace or $id", BOTH)
        yield from differences(before.shape, after.shape)


def _shape(path: str, body: bytes) -> Contract | Refused:
    try:
        return read(path, body)
    except Refused as refusal:
        return refusal


def _broken(path: str, change: Change) -> tuple[Side, ...]:
    """Keep the sides that a file has.

    What ministries send or operators enter is read by the hub alone, which changes with its
    release. A record of ours is read by others, and also written by others: what lies in queues
    and the journal when a release begins was written by the one before. A service has both sides
    by nature, and so has the envelope of EHİS, which carries both directions.
    """
    ministry_s = path.startswith("connectors/") and not path.endswith(".wsdl")
    if path in _TO_THE_HUB or (ministry_s and not path.startswith(_EHIS)):
        sides = SENDERS
    else:
        sides = READERS if path in _TO_MINISTRIES else SENDERS | READERS
    return tuple(sorted(change.breaks & sides))
