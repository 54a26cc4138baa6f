"""What a comparison of contracts finds: a change, its rule, its place, and whom it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whom a change breaks.

    Senders: what was right may now be refused. Readers: something may come that could not before,
    or no longer comes. Strict readers also refuse a field they do not know, as the hub does.
    """

    SENDERS = "senders"
    READERS = "readers"
    STRICT_READERS = "strict-readers"


SENDERS = frozenset({Side.SENDERS})
READERS = frozenset({Side.READERS})
STRICT = frozenset({Side.STRICT_READERS})
BOTH = SENDERS | READERS


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: stable rule, place in the document, text, and the sides it breaks."""

    rule: str
    place: str
    text: str
    breaks: frozenset[Side]
