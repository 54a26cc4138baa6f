"""How the moving parts report what they do, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Receives measurements; names and labels are declared once, where metrics are exposed."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one value of a distribution (seconds or items)."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a level."""
        ...


class Unobserved:
    """An observer that listens to nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Ignore."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Ignore."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Ignore."""
