"""Which alerts fire, as Prometheus tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

_SECONDS = 5
_FIRING = 'ALERTS{alertstate="firing"}'


@dataclass(slots=True)
class Alerts:
    """Looks at a Prometheus again and again; without a URL it sees nothing.

    ``seen`` are the names of all that fired since the beginning and did not at the beginning: also
    of those that fired between two looks, since Prometheus remembers. ``clock`` is in seconds.
    """

    url: str | None
    clock: Callable[[], float] = time.monotonic
    before: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    unreachable: bool = False
    _began: float = field(default=0.0)

    def begin(self) -> None:
        """Note what fires already."""
        self._began = self.clock()
        self.before = self._named(_FIRING)

    def look(self) -> frozenset[str]:
        """Tell what has fired since and did not before."""
        seconds = int(self.clock() - self._began)
        asked = f"max_over_time({_FIRING}[{seconds}s])" if seconds else _FIRING
        self.seen |= self._named(asked) - self.before
        return self.seen

    def _named(self, expression: str) -> frozenset[str]:
        """Name the alerts of an expression; none, and note it, where Prometheus does not answer."""
        if self.url is None:
            return frozenset()
        try:
            answer = requests.get(
                f"{self.url.rstrip('/')}/api/v1/query",
                params={"query": f"count by (alertname) ({expression})"},
                timeout=_SECONDS,
            )
            answer.raise_for_status()
            found = answer.json()["data"]["result"]
            return frozenset(each["metric"]["alertname"] for each in found)
        except (requests.RequestException, ValueError, KeyError, TypeError):
            self.unreachable = True
            return frozenset()
