"""One link of the chain: what it closes, and the hash that binds it to all before it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GENESIS = bytes(32)
"""What the first link has for the hash of the one before it."""

_NUMBER, _LEAF = 8, 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as kept. ``leaves`` packs 40 bytes per row: its number (big-endian) and its leaf.

    ``sealed_at`` is aware; ``previous`` and ``hash`` are 32 bytes.
    """

    number: int
    sealed_at: datetime
    stream: str
    after: int
    through: int
    leaves: bytes
    previous: bytes
    hash: bytes

    @property
    def rows(self) -> Mapping[int, bytes]:
        """The leaf of each row the link closes, by the row's number."""
        return unpacked(self.leaves)

    @property
    def expected_hash(self) -> bytes:
        """The hash that the link's own fields give."""
        return digest(
            self.previous,
            self.number,
            self.sealed_at,
            self.stream,
            (self.after, self.through),
            self.leaves,
        )


def digest(
    previous: bytes,
    number: int,
    sealed_at: datetime,
    stream: str,
    closed: tuple[int, int],
    leaves: bytes,
) -> bytes:
    """SHA-256 over the hash before, five netstrings, and the leaves."""
    microseconds = (sealed_at - _EPOCH) // _MICROSECOND
    head = b"".join(map(netstring, map(str, (number, microseconds, stream, *closed))))
    return hashlib.sha256(previous + head + leaves).digest()


def netstring(text: str) -> bytes:
    """Put the length in bytes before a text: ``5:audit,``."""
    encoded = text.encode()
    return b"%d:%b," % (len(encoded), encoded)


def unpacked(leaves: bytes) -> dict[int, bytes]:
    """Read packed leaves."""
    size = _NUMBER + _LEAF
    return {
        int.from_bytes(leaves[at : at + _NUMBER], "big", signed=True): leaves[
            at + _NUMBER : at + size
        ]
        for at in range(0, len(leaves), size)
    }
