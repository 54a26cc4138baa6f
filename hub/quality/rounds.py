"""The regular look at data quality (decree 308, 2.10.1): compare, count, keep that it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import structlog

from hub.evidence import findings, freshness, manifests, rules
from hub.evidence.findings import Turn
from hub.evidence.freshness import Freshness
from hub.quality import looking
from hub.quality.manifests import look
from hub.store.database import Database, as_json
from routing.observer import Observer
from schemas.dates import BAKU

_log = structlog.get_logger()
_MOST_GAPS = 10_000
_MANIFEST_DAYS = timedelta(days=35)

_KEEP = """
INSERT INTO evidence.quality_round (at, opened, resolved, open)
VALUES (%(now)s, %(opened)s, %(resolved)s, %(open)s) ON CONFLICT (at) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class QualityRound:
    """One look at everything is ``step``; several workers at once do no harm.

    ``numbered`` names, by ministry, the record types whose operations it numbers one by one.
    Numbers may overtake each other by ``settle``.
    """

    database: Database
    ministries: Sequence[str]
    record_types: Sequence[str]
    observer: Observer
    numbered: Mapping[str, Sequence[str]]
    settle: timedelta = timedelta(seconds=60)

    def step(self, now: datetime) -> Turn:
        """Bring findings to what is so now; return how many opened and how many were resolved.

        Raises ``Unavailable`` where the database does not answer: try again later.
        """
        self._answer_manifests(now)
        turn = self._compare(now)
        with self.database.transaction() as tx:
            freshness.refresh(tx)
            fresh = freshness.read(tx)
            standing = findings.open_now(tx)
            missing = findings.amounts(tx, *looking.GAP_RULES)
            total = sum(standing.values())
            kept = {"opened": turn.opened, "resolved": turn.resolved, "open": total}
            tx.execute(_KEEP, kept | {"now": now})
        self._measure(standing, missing)
        self._measure_freshness(fresh)
        _log.info("quality looked at", **kept)
        return turn

    def _compare(self, now: datetime) -> Turn:
        pairs = [
            {"ministry": ministry, "record_type": record_type}
            for ministry, record_types in self.numbered.items()
            for record_type in record_types
        ]
        gaps = {"numbered": as_json(pairs), "before": now - self.settle, "most": _MOST_GAPS}
        turn = Turn()
        with self.database.transaction() as tx:
            turn += findings.compare(tx, looking.GOLDEN_RULES, looking.golden(), now)
            expected = looking.expectations()
            turn += findings.compare(tx, looking.EXPECTATION_RULES, expected, now)
        with self.database.transaction() as tx:
            checks = looking.checks(self.record_types)
            turn += findings.compare(tx, looking.VERIFY_RULES, checks, now)
        with self.database.transaction() as tx:
            turn += findings.compare(tx, looking.GAP_RULES, looking.gaps(), now, gaps)
        with self.database.transaction() as tx:
            still, given = looking.still_beyond(self.record_types), {"settle": self.settle}
            turn += findings.compare(tx, looking.SNAPSHOT_RULES, still, now, given)
        with self.database.transaction() as tx:
            turn += findings.compare(tx, looking.MANIFEST_RULES, looking.manifests(), now)
        return turn

    def _answer_manifests(self, now: datetime) -> None:
        """Look at manifests that do not agree yet, each for itself, for a month."""
        first = now.astimezone(BAKU).date() - _MANIFEST_DAYS
        with self.database.transaction() as tx:
            due = manifests.due(tx, first, now - self.settle)
        for each in due:
            with self.database.transaction() as tx:
                look(tx, each, now, self.settle)

    def _measure_freshness(self, fresh: Sequence[Freshness]) -> None:
        observer = self.observer
        for each in fresh:
            ministry, record = each.ministry, each.record_type
            received = each.received_at.timestamp()
            observer.gauge("source_last_received", received, ministry=ministry, record=record)
            if each.occurred_at:
                occurred = each.occurred_at.timestamp()
                observer.gauge("source_last_occurred", occurred, ministry=ministry, record=record)

    def _measure(
        self, standing: Mapping[tuple[str, str], int], missing: Mapping[tuple[str, str], int]
    ) -> None:
        for ministry, rule in product(self.ministries, rules.standing()):
            count = standing.get((ministry, rule), 0)
            self.observer.gauge("findings_open", count, ministry=ministry, rule=rule)
        for ministry, record_types in self.numbered.items():
            for record in record_types:
                amount = missing.get((ministry, record), 0)
                self.observer.gauge("sequence_gaps", amount, ministry=ministry, record=record)
