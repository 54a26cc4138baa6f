"""What operators are not given, and why."""

from __future__ import annotations

from schemas.errors import HubError


class Declined(HubError):
    """An operator's wish that a rule forbids; ``rule`` is a stable kebab-case name."""

    def __init__(self, rule: str, explanation: str) -> None:
        super().__init__(f"{rule}: {explanation}")
        self.rule = rule
        self.explanation = explanation
