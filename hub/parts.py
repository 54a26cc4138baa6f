"""Taking things a few at a time, so that the rest of them need not be there yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_parts(things: Iterable[T], most: int) -> Iterator[list[T]]:
    """Yield runs of at most ``most``, in order; none is empty."""
    rest = iter(things)
    while part := list(islice(rest, most)):
        yield part
