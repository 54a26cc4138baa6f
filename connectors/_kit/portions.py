"""Records gathered into chunks of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors._kit.contract import Limits
from schemas.errors import Refused

Wrap = Callable[[Sequence[bytes]], bytes]


@dataclass(frozen=True, slots=True)
class Size:
    """How large a chunk becomes, as far as its records allow: bytes in all, and records."""

    most_bytes: int = 64 * 1024
    most_records: int = 500


@dataclass(frozen=True, slots=True)
class Portion:
    """A whole document that holds the next ``records`` records of a larger one."""

    body: bytes
    content_type: str
    records: int


class Packer:
    """Gathers records, as bytes, until a chunk is full; ``wrap`` makes a document of them."""

    def __init__(self, wrap: Wrap, content_type: str, limits: Limits, size: Size) -> None:
        self._wrap = wrap
        self._content_type = content_type
        self._limits = limits
        self._most_bytes = min(size.most_bytes, limits.max_bytes)
        self._most_records = min(size.most_records, limits.max_records)
        self._records: list[bytes] = []
        self._bytes = self._frame = len(wrap(()))
        self.packed = 0

    def add(self, record: bytes) -> Iterator[Portion]:
        """Put a record into the chunk, giving out the one that was full before it.

        Raises ``Refused`` (``too-large``) for a record that no message can carry.
        """
        if self._frame + len(record) > self._limits.max_bytes:
            number = self.packed + 1
            raise Refused("too-large", "", f"record {number} has more bytes than one message may")
        if self._bytes + len(record) >= self._most_bytes:
            yield from self.give()
        self._records.append(record)
        self._bytes += len(record) + 1
        self.packed += 1
        if len(self._records) >= self._most_records:
            yield from self.give()

    def alone(self, record: bytes) -> Iterator[Portion]:
        """Give out a record in a chunk of its own, in its place among the others."""
        yield from self.give()
        yield from self.add(record)
        yield from self.give()

    def give(self) -> Iterator[Portion]:
        """Give out what was gathered, if anything was."""
        if self._records:
            yield Portion(self._wrap(self._records), self._content_type, len(self._records))
            self._records, self._bytes = [], self._frame
