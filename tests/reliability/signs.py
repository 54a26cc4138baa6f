"""What a hub at work says of itself: what a case waits for, where waiting a while would not do."""

from __future__ import annotations

import re

from hub.bootstrap import Hub

_HOLDING = re.compile(
    r'^qovsaq_breaker_open\{dependency="\w+",hop="([\w-]+)"\} 1\.0$', re.MULTILINE
)
_ISOLATED = re.compile(
    r'^qovsaq_batches_isolated_total\{hop="([\w-]+)"\} ([\d.e+]+)$', re.MULTILINE
)


def holding(hub: Hub) -> set[str]:
    """Name the hops whose breaker is open."""
    return set(_HOLDING.findall(hub.metrics.expose().decode()))


def isolated(hub: Hub, hop: str | None = None) -> float:
    """Count the batches whose records were handled one by one, because something failed."""
    found = _ISOLATED.findall(hub.metrics.expose().decode())
    return sum(float(value) for name, value in found if hop in (None, name))
