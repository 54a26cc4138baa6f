"""What a dialect is to the simulator: how to tell, follow up, break, count and render."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from hub.simulator.population import Company, Foreigner, Person, World

Content = dict[str, Any]

REMOVED = object()
UNKNOWN_FIELD = "unknown-field"  # the one rule that is broken by adding, not by changing
FAR = "2190-01-01T00:00:00.000+04:00"


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and as what a message is told.

    ``index`` is the place in the stream, ``at`` (Asia/Baku) and ``sequence`` order operations of
    one fact, ``draw`` is seeded by ``index`` alone.
    """

    world: World
    index: int
    at: datetime
    sequence: int
    message_id: str
    draw: Random

    def chance(self, share: float) -> bool:
        """True in ``share`` of cases."""
        return self.draw.random() < share

    def person(self) -> Person:
        """Somebody; the population grows with the stream, so that ministries meet in persons."""
        return self.world.person(self.draw.randrange(self.index // 2 + 1))

    def company(self) -> Company:
        """Some taxpayer."""
        return self.world.company(self.draw.randrange(self.index // 4 + 1))

    def foreigner(self) -> Foreigner:
        """Some foreigner."""
        return self.world.foreigner(self.draw.randrange(self.index // 8 + 1))


@dataclass(frozen=True, slots=True)
class Breakage:
    """One way to break a rule: put ``value`` at ``path`` (in the first entry of a document).

    ``spoils`` is the ordinal of the record refused for it; None: every record of the entry.
    """

    rule: str
    path: str
    value: Any
    spoils: int | None = None

    def fits(self, content: Content) -> bool:
        """Whether the document has something at ``path`` to break."""
        found = _holder(content, self.path)
        return found is not None and (self.rule == UNKNOWN_FIELD or _child(*found) is not None)

    def apply(self, content: Content) -> None:
        """Break the document, in place."""
        holder, key = _holder(content, self.path) or ({}, "")
        if self.value is REMOVED:
            del holder[key]
        else:
            holder[key] = self.value


@dataclass(frozen=True, slots=True)
class Form:
    """One format of one ministry.

    ``syntax`` is soap, xml or json; ``records`` gives the record types a document must yield, by
    entry and in document order; ``follow`` makes of a document one about its first entry only,
    doing ``change``, ``correct``, ``annul``, ``restore``, ``snapshot`` or ``verify`` on the
    occasion given; ``filler`` is a tree path to the list of entries, for documents with far too
    many of them.
    """

    ministry: str
    syntax: str
    content_type: str
    render: Callable[[Content], bytes]
    records: Callable[[Content], list[list[str]]]
    follow: Callable[[Content, str, Occasion], Content]
    breakages: Sequence[Breakage]
    filler: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A message's content with the form it is told in."""

    form: Form
    content: Content


@dataclass(frozen=True, slots=True)
class Ministry:
    """A synthetic ministry; ``share`` is its weight in mixed traffic (domain figures, live year),
    ``tell`` makes an ordinary document."""

    name: str
    share: float
    tell: Callable[[Occasion], Document]


def _holder(content: Content, path: str) -> tuple[Any, Any] | None:
    *parents, last = path.split("/")
    node: Any = content
    for part in parents:
        node = _child(node, int(part) if part.isdigit() else part)
    return None if node is None else (node, last)


def _child(node: Any, key: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(key)
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        return node[key]
    return None
