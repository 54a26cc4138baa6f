"""What all events have in common: their kind, their time and the person they are about."""

from __future__ import annotations

from dataclasses import dataclass

from connectors._kit.contract import RawMessage, Rules
from connectors._kit.fields import Change, Reading
from connectors._kit.xml import Element
from schemas.envelope import Operation
from schemas.identifiers import Identifier

KINDS = {
    "NEW": Operation.CREATE,
    "CHANGE": Operation.CHANGE,
    "CORRECTION": Operation.CORRECT,
    "ANNULMENT": Operation.ANNUL,
    "RESTORATION": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFICATION": Operation.VERIFY,
}


@dataclass(frozen=True, slots=True)
class Told:
    """One record being made of an event that tells of it alone."""

    event: Element
    holder: Identifier
    change: Change
    reading: Reading
    ordinal: int

    def only(self, key: tuple[str, ...], content: tuple[str, ...]) -> bool:
        """Whether the record came with its content; refuse what has no place in the event."""
        whole = self.change.operation.carries_content
        self.event.only("@kind", "@at", "@pin", *key, *(content if whole else ()))
        return whole


def change_of(event: Element, reading: Reading) -> Change:
    """What happened, and when."""
    return Change(reading.code(event, "@kind", KINDS), reading.occurred(event, "@at"))


def told_by(event: Element, raw: RawMessage, rules: Rules, ordinal: int) -> Told:
    """Read what an event of one record begins with; raise ``Refused``."""
    reading = Reading(raw, rules)
    change = change_of(event, reading)
    return Told(event, reading.fin(event, "@pin"), change, reading, ordinal)
