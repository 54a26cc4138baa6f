"""The report on data quality: findings per ministry and rule, and how fresh each source is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hub.evidence import findings, freshness, rules
from hub.evidence.findings import Place, Tally, Wanted
from hub.evidence.freshness import Freshness
from hub.evidence.rules import Severity
from hub.store.database import Transaction

_MOST_PLACES = 100
_LAST = "SELECT max(at) AS at FROM evidence.quality_round"


@dataclass(frozen=True, slots=True)
class Report:
    """What is known as of the last round (aware; None if there never was one).

    ``places`` are the open findings that are about nobody, the first hundred: days and numbers.
    Of the others only counts are told; whom they are about is personal data.
    """

    at: datetime | None
    tallies: Sequence[Tally]
    fresh: Sequence[Freshness]
    places: Sequence[Place] = ()

    @property
    def errors(self) -> int:
        """Open findings of which not everything that was said can be right."""
        grave = (t for t in self.tallies if rules.severity(t.rule) is Severity.ERROR)
        return sum(tally.open for tally in grave)

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        return {
            "lastRoundAt": self.at.isoformat() if self.at else None,
            "openErrors": self.errors,
            "findings": [
                asdict(tally) | {"severity": rules.severity(tally.rule)} for tally in self.tallies
            ],
            "places": [each.as_dict() for each in self.places],
            "freshness": [each.as_dict() for each in self.fresh],
        }


def draw_up(tx: Transaction, wanted: Wanted) -> Report:
    """Draw up the report from what rounds have found."""
    (last,) = tx.rows(_LAST)
    fresh = freshness.read(tx, wanted.ministry)
    places = findings.places(tx, wanted, _MOST_PLACES)
    return Report(last["at"], findings.tallies(tx, wanted), fresh, places)
