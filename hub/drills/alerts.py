"""Which alerts fire, as Prometheus tells."""

from __future__ import annotations

from dataclasses import dataclass, field

import requests

_SECONDS = 5


@dataclass(slots=True)
class Alerts:
    """Looks at a Prometheus again and again; without a URL it sees nothing.

    ``seen`` are the names of all that fired since the first look and did not before.
    """

    url: str | None
    before: frozenset[str] = frozenset()
    seen: set[str] = field(default_factory=set)
    unreachable: bool = False

    def begin(self) -> None:
        """Note what fires already."""
        self.before = self._firing() or frozenset()

    def look(self) -> frozenset[str]:
        """Tell what fires now and did not before."""
        now = self._firing()
        new = (now or frozenset()) - self.before
        self.seen |= new
        return new

    def _firing(self) -> frozenset[str] | None:
        if self.url is None:
            return None
        try:
            answer = requests.get(f"{self.url.rstrip('/')}/api/v1/alerts", timeout=_SECONDS)
            answer.raise_for_status()
            listed = answer.json()["data"]["alerts"]
            return frozenset(
                each["labels"]["alertname"] for each in listed if each["state"] == "firing"
            )
        except (requests.RequestException, ValueError, KeyError, TypeError):
            self.unreachable = True
            return None
