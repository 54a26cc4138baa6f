"""Retention: what goes after its time, and what never does.

No law sets these periods; it asks that somebody does. Journal, record log, audit, disclosures, the
chain and custody statements have none: they are counted by the ledger, suppress what comes twice,
or are what the chain closes. What goes are bodies (their SHA-256 stays in the journal, and with it
the chain verifies) and what only helped along the way. Nothing goes of a record that is on its way
or parked. Each round is in the audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import LiteralString
from zoneinfo import ZoneInfo

import structlog

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.store.database import Database, Transaction
from hub.store.statements import Composed, compose
from routing.observer import Observer

_log = structlog.get_logger()
_BAKU = ZoneInfo("Asia/Baku")
ACTOR = "retention"
BODIES = "bodies"
_AT_ONCE = 2000

_DAYS = "SELECT day FROM evidence.body_days(%s) AS day"
_NEEDED = """
SELECT DISTINCT (j.received_at AT TIME ZONE 'Asia/Baku')::date AS day
FROM evidence.record_log l JOIN evidence.journal j USING (journal_id)
WHERE l.state IN ('received', 'retrying', 'parked')
"""
_DROP = "SELECT evidence.drop_bodies(%s, %s, %s) AS gone"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of ``table`` for which ``over`` holds as of ``%(before)s`` may go."""

    table: tuple[str, str]
    over: LiteralString

    @property
    def name(self) -> str:
        """The table as it is written."""
        return ".".join(self.table)

    @property
    def condition(self) -> Composed:
        """Which of its rows may go."""
        return compose(self.over)


_SETTLED: LiteralString = """NOT EXISTS (SELECT FROM evidence.record_log l
    WHERE l.record_id = t.record_id AND l.state IN ('received', 'retrying', 'parked'))"""

RULES: Mapping[str, Sequence[Rule]] = {
    "letter_bodies": (
        Rule(
            ("desk", "letter_body"),
            "EXISTS (SELECT FROM desk.letter l WHERE l.letter_id = t.letter_id"
            " AND l.state IN ('settled', 'replaced', 'discarded') AND l.changed_at < %(before)s)",
        ),
    ),
    "notices": (
        Rule(
            ("evidence", "notice"),
            "t.published_at < %(before)s AND (t.corrected_at IS NOT NULL OR t.correct_by IS NULL"
            " OR t.correct_by < (%(before)s)::date)",
        ),
    ),
    "findings": (
        Rule(("evidence", "finding"), f"t.found_at < %(before)s AND {_SETTLED}"),
        Rule(
            ("evidence", "standing_finding"), "t.state = 'resolved' AND t.resolved_at < %(before)s"
        ),
    ),
    "outages": (
        Rule(("evidence", "breaker_event"), "t.at < %(before)s"),
        Rule(("evidence", "quality_round"), "t.at < %(before)s"),
    ),
    "documents": (Rule(("evidence", "document"), "t.completed_at < %(before)s"),),
    "claims": (Rule(("evidence", "poison_claim"), "t.claimed_at < %(before)s"),),
}
"""By the name of the period: ``QOVSAQ_RETENTION__<NAME>_DAYS``."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is over of one kind; of bodies, days that must stay are ``needed`` and not counted."""

    kind: str
    days: int
    amount: int
    needed: int = 0


@dataclass(slots=True)
class Retention:
    """Keeps periods, given in days by kind; 0 or none: for ever.

    ``step`` goes round once a day; ``go_round`` at once. ``now`` is aware.
    """

    database: Database
    periods: Mapping[str, int]
    observer: Observer
    actor: str = ACTOR
    _done: date | None = field(default=None)

    def step(self, now: datetime) -> None:
        """Go round if that was not done today (Baku); raises as ``go_round`` does."""
        today = now.astimezone(_BAKU).date()
        if self._done != today:
            self.go_round(now)
            self._done = today

    def due(self, now: datetime) -> list[Due]:
        """Tell what is over, and change nothing."""
        found: list[Due] = []
        with self.database.transaction() as tx:
            for kind, before in self._ends(now):
                days = self.periods[kind]
                if kind == BODIES:
                    over, needed = self._over(tx, before)
                    found.append(Due(kind, days, len(over), needed))
                else:
                    amount = sum(_count(tx, rule, before) for rule in RULES[kind])
                    found.append(Due(kind, days, amount))
        return found

    def go_round(self, now: datetime) -> dict[str, int]:
        """Take away what is over, in bounded steps; tell how many of each kind went.

        Raises ``RetryLater`` where a lock is held for long, ``Unavailable`` where the database does
        not answer: what went by then is in the audit, the rest goes with the next round.
        """
        gone: dict[str, int] = {}
        for kind, before in self._ends(now):
            amount = self._bodies(before) if kind == BODIES else self._rows(kind, before, now)
            gone[kind] = amount
            self.observer.count("retention_removed", amount, kind=kind)
        _log.info("retention", **gone)
        return gone

    def _ends(self, now: datetime) -> list[tuple[str, datetime]]:
        kinds = (BODIES, *RULES)
        periods = ((kind, self.periods.get(kind, 0)) for kind in kinds)
        return [(kind, now - timedelta(days=days)) for kind, days in periods if days]

    def _over(self, tx: Transaction, before: datetime) -> tuple[list[date], int]:
        last = before.astimezone(_BAKU).date() - timedelta(days=1)
        days = [row["day"] for row in tx.rows(_DAYS, [last])]
        needed = {row["day"] for row in tx.rows(_NEEDED)} if days else set()
        return [day for day in days if day not in needed], len(needed.intersection(days))

    def _bodies(self, before: datetime) -> int:
        with self.database.transaction() as tx:
            days, _ = self._over(tx, before)
        gone = 0
        for day in days:
            while step := self._drop(day):
                gone += step
        return gone

    def _drop(self, day: date) -> int:
        with self.database.transaction() as tx:
            (row,) = tx.rows(_DROP, [day, _AT_ONCE, self.actor])
        return int(row["gone"])

    def _rows(self, kind: str, before: datetime, now: datetime) -> int:
        gone = 0
        for rule in RULES[kind]:
            while True:
                with self.database.transaction() as tx:
                    some = _delete(tx, rule, before)
                    if some:
                        self._note(tx, kind, rule, some, now)
                gone += some
                if some < _AT_ONCE:
                    break
        return gone

    def _note(self, tx: Transaction, kind: str, rule: Rule, rows: int, now: datetime) -> None:
        detail = {"table": rule.name, "rows": rows, "days": self.periods[kind]}
        audit.record(tx, Act(self.actor, "retention", f"retention:{kind}", detail=detail), now)


def _count(tx: Transaction, rule: Rule, before: datetime) -> int:
    statement = compose(
        "SELECT count(*) AS n FROM {table} t WHERE {over}", table=rule.table, over=rule.condition
    )
    (row,) = tx.rows(statement, {"before": before})
    return int(row["n"])


def _delete(tx: Transaction, rule: Rule, before: datetime) -> int:
    statement = compose(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY("
        "SELECT t.ctid FROM {table} t WHERE {over} LIMIT %(most)s))",
        table=rule.table,
        over=rule.condition,
    )
    return tx.execute(statement, {"before": before, "most": _AT_ONCE})
