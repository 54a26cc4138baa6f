"""What can become of a record that failed: values, so that deciding is apart from doing."""

from __future__ import annotations

from dataclasses import dataclass

from routing.topology import Rung


@dataclass(frozen=True, slots=True)
class Retry:
    """Wait on ``rung``, then be handled again, with ``attempts`` failures behind it."""

    rung: Rung
    attempts: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell the sender: only it can mend ``field`` by ``rule``."""

    rule: str
    field: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Park:
    """Put aside for a person; ``cause`` is kebab-case and groups failures of one kind."""

    cause: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold everything and probe: a dependency is down, no record is to blame."""

    reason: str


@dataclass(frozen=True, slots=True)
class Halt:
    """End the process: going on would do harm."""

    reason: str


Outcome = Retry | Refuse | Park | Pause | Halt
