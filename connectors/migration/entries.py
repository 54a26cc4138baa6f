"""What the service's entries share: an operation, a time, and a person known by its number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._kit.contract import Normalized
from connectors._kit.fields import Change, Reading, maybe
from connectors._kit.xml import Element
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.identifiers import Identifier, Namespaces

NAMES = ("Surname", "GivenName", "Patronymic")
PERSON = ("FIN", *NAMES, "Sex", "BirthDate", "Citizenship")
_ATTRIBUTES = ("@op", "@at")


@dataclass(frozen=True, slots=True)
class Told:
    """One record being made of an entry."""

    entry: Element
    reading: Reading
    namespaces: Namespaces
    ordinal: int

    def alias(self) -> Identifier:
        """The person, by the service's own number."""
        notation = self.reading.digits(self.entry, "PersonNumber", 8, 8)
        return Identifier(notation=notation, type=self.namespaces.migration_person)


Maker = Callable[["Kind", Told], Normalized]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: its name, its words for operations, and what it may hold.

    ``key`` names its fact and is all that an annulment or restoration has; ``makers`` make the
    records of a whole entry, ``own`` is the one that is annulled and restored, and ``linked``
    makes the link of an entry with a FİN.
    """

    name: str
    operations: Mapping[str, Operation]
    key: Sequence[str]
    content: Sequence[str]
    makers: Sequence[Maker]
    own: Maker
    linked: Maker | None = None

    def told_by(self, entry: Element) -> list[Maker]:
        """The records of an entry; one whose operation is unreadable is taken for a whole one."""
        try:
            operation = self.operations.get(entry.text("@op"), Operation.CREATE)
        except Refused:
            operation = Operation.CREATE
        if not operation.carries_content:
            return [self.own]
        linked = [self.linked] if self.linked and entry.has("FIN") else []
        return [*self.makers, *linked]

    def change(self, told: Told) -> Change:
        """What all records of an entry depend on; refuse what has no place in it."""
        operation = told.reading.code(told.entry, "@op", self.operations)
        content = self.content if operation.carries_content else ()
        told.entry.only(*_ATTRIBUTES, *self.key, *content)
        return Change(operation, told.reading.occurred(told.entry, "@at"))


def operations(create: str, annul: str = "ANNUL") -> dict[str, Operation]:
    """Words for all operations; how something begins and is undone depends on what it is."""
    return {
        create: Operation.CREATE,
        "CHANGE": Operation.CHANGE,
        "CORRECT": Operation.CORRECT,
        annul: Operation.ANNUL,
        "RESTORE": Operation.RESTORE,
        "SNAPSHOT": Operation.SNAPSHOT,
        "VERIFY": Operation.VERIFY,
    }


def address(told: Told, kind: str) -> dict[str, Any] | None:
    """The address, if the entry has one, as a place of this kind."""
    text = maybe(told.reading.text, told.entry, "Address")
    return None if text is None else {"full_address": text, "address_type": kind}
