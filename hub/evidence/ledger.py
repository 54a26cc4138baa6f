"""The ledger: received = written + unchanged + superseded + refused + parked + discarded +
replaced + in flight, per ministry, counted from unique record ids.

``received`` is what the journal expects of each message, counted apart from the record log, so
the sum can fail. An open record counts as in flight only while something is proven to hold it
or a living relay will give it a holder; any other is unaccounted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.evidence import holders, pages
from hub.evidence.holders import Situation
from hub.evidence.record_log import State
from hub.store.database import Database, Transaction, as_json
from routing.bus import Bus

SETTLED = tuple(state for state in State if not state.open)


@dataclass(frozen=True, slots=True)
class Line:
    """One ministry's account, in records; ``messages`` and ``again`` are observations beside it.

    ``again`` counts arrivals of messages that had arrived before.
    """

    ministry: str
    messages: int
    received: int
    settled: Mapping[State, int]
    in_flight: int
    unaccounted: int
    again: int

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON, one key per state."""
        counts = {str(state): self.settled.get(state, 0) for state in SETTLED}
        row = asdict(self) | counts
        del row["settled"]
        return row


@dataclass(frozen=True, slots=True)
class Statement:
    """The account of all ministries at one moment (aware)."""

    at: datetime
    lines: Sequence[Line]

    @property
    def unaccounted(self) -> int:
        """Records whose whereabouts cannot be proven; always 0 in a healthy hub."""
        return sum(line.unaccounted for line in self.lines)

    @property
    def in_flight(self) -> int:
        """Records on their way, each with a holder; 0 at rest."""
        return sum(line.in_flight for line in self.lines)

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.unaccounted == 0

    def as_dict(self) -> dict[str, Any]:
        """Render for JSON."""
        return {
            "at": self.at.isoformat(),
            "balanced": self.balanced,
            "inFlight": self.in_flight,
            "unaccounted": self.unaccounted,
            "ministries": [line.as_dict() for line in self.lines],
        }


_ORPHANS = """
SELECT log.ministry, count(*) AS records
FROM evidence.record_log log
LEFT JOIN jsonb_to_recordset(%(horizons)s::jsonb)
    AS h (ministry text, lane text, before timestamptz) USING (ministry, lane)
WHERE log.state IN ('received', 'retrying')
  AND log.held_since < coalesce(h.before, 'infinity')
  AND (log.relays >= %(limit)s OR NOT %(relay_lives)s)
GROUP BY log.ministry
"""


def statement(
    tx: Transaction,
    situation: Situation,
    *,
    ministries: Sequence[str],
    lanes: Sequence[str],
    relay_limit: int,
    anew: bool = False,
) -> Statement:
    """Draw up the account; must be the first thing its transaction does.

    Ministries that never sent anything have a line of zeros. What has come to rest is carried
    forward (``hub.evidence.pages``), or counted ``anew`` with everything else.
    """
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    sums = pages.counted_anew(tx) if anew else pages.carried_forward(tx)
    names = sorted(set(ministries) | set(sums))
    orphans = {
        row["ministry"]: row["records"]
        for row in tx.rows(
            _ORPHANS,
            {
                "horizons": as_json(situation.horizons(names, lanes)),
                "limit": relay_limit,
                "relay_lives": "relay" in situation.alive,
            },
        )
    }
    lines = [_line(name, sums.get(name, Counter()), orphans.get(name, 0)) for name in names]
    return Statement(situation.now, lines)


def draw_up(
    database: Database,
    bus: Bus,
    ministries: Iterable[str],
    lanes: Sequence[str],
    *,
    settle: timedelta,
    relay_limit: int,
    now: datetime,
    anew: bool = False,
) -> Statement:
    """Take stock of broker and database, then draw up the account as of ``now`` (aware)."""
    ministries = tuple(ministries)
    depths = bus.depths(holders.queues_of(ministries, lanes))
    with database.transaction() as tx:
        situation = holders.look(tx, depths, settle, now)
    with database.transaction() as tx:
        return statement(
            tx,
            situation,
            ministries=ministries,
            lanes=lanes,
            relay_limit=relay_limit,
            anew=anew,
        )


def _line(name: str, counts: Counter[str], orphans: int) -> Line:
    return Line(
        ministry=name,
        messages=counts[pages.MESSAGES],
        received=counts[pages.EXPECTED],
        settled={state: counts[state] for state in SETTLED},
        in_flight=pages.moving(counts) - orphans,
        unaccounted=orphans + pages.missing(counts),
        again=counts[pages.AGAIN],
    )
