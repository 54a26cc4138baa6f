"""A drill under way: what it sends, how it waits, and what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hub.drills.alerts import Alerts
from hub.evidence.ledger import Statement
from hub.simulator.ministries import MINISTRIES
from hub.simulator.sent import Sent
from hub.simulator.stream import stream
from hub.store.database import Database, as_json
from routing.bus import Bus
from routing.message import TEST_MODE, Message
from schemas.errors import HubError

_BATCH = 200
_PAUSE = 0.3
_BEFORE = timedelta(days=1)

_FATES = """
SELECT l.state, l.cause, count(*) AS records
FROM evidence.journal j JOIN evidence.record_log l USING (journal_id)
WHERE j.message_id IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
GROUP BY l.state, l.cause
"""
_ARRIVED = """
SELECT count(*) AS messages FROM evidence.journal
WHERE message_id IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a drill looked at: whether it was as it must be, and what was seen."""

    name: str
    passed: bool
    seen: str


@dataclass(slots=True)
class Course:
    """What drills are made of. ``patience`` is in seconds; ``say`` tells whoever watches.

    ``harm`` does what the drill is about, or waits until a person has done it; None where a person
    does it without a word. Nothing here raises because broker or database do not answer.
    """

    drill: str
    database: Database
    bus: Bus
    ledger: Callable[[], Statement]
    alerts: Alerts
    clock: Callable[[], datetime]
    say: Callable[[str], object]
    harm: Callable[[], object] | None = None
    patience: float = 300
    wait: Callable[[float], object] = time.sleep
    sent: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def send(self, count: int, lane: str, *, ministry: str | None = None) -> int:
        """Publish synthetic messages marked as tests, confirmed; return how many records they hold.

        Through an outage the same are published again, until the patience is over.
        """
        records, batch = 0, list[Message]()
        for sent in self._messages(count, ministry):
            message = replace(
                sent.message,
                message_id=f"drill-{self.drill[:12]}-{len(self.sent)}",
                routing_key=lane,
                headers={**sent.message.headers, TEST_MODE: "true"},
                timestamp=self.clock(),
            )
            self.sent.append(message.message_id)
            records += len(sent.expected)
            batch.append(message)
            if len(batch) >= _BATCH:
                self._publish(batch)
                batch = []
        if batch:
            self._publish(batch)
        return records

    def until(self, reached: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until ``reached`` holds; False when the patience is over."""
        left = self.patience if seconds is None else seconds
        while not self._holds(reached):
            if left <= 0:
                return False
            self.wait(_PAUSE)
            left -= _PAUSE
        return True

    def check(self, name: str, passed: bool, seen: str) -> bool:
        """Write down what was looked at, and which alerts fired until now."""
        self.alerts.look()
        self.checks.append(Check(name, passed, seen))
        self.say(f"{'ok' if passed else 'FAILED'}  {name}: {seen}")
        return passed

    def fates(self) -> Mapping[str, int]:
        """Tell what became of the records sent so far: how many in which state."""
        found: dict[str, int] = {}
        with self.database.transaction() as tx:
            for row in tx.rows(_FATES, [as_json(self.sent)]):
                key = f"{row['state']} {row['cause'] or ''}".strip()
                found[key] = found.get(key, 0) + row["records"]
        return found

    def arrived(self) -> int:
        """Count the messages of this drill that are journalled."""
        with self.database.transaction() as tx:
            (row,) = tx.rows(_ARRIVED, [as_json(self.sent)])
        return int(row["messages"])

    def everything_ended(self) -> bool:
        """Whether every message is journalled and every record of them has an end."""
        return self.arrived() == len(self.sent) and not (
            self.fates().keys() & {"received", "retrying"}
            or any(state.startswith("retrying") for state in self.fates())
        )

    def settle(self) -> bool:
        """Wait for the end of everything sent, and check ledger and live tables."""
        ended = self.until(self.everything_ended)
        fates = dict(self.fates()) if ended or self._holds(lambda: bool(self.fates())) else {}
        self.facts["fates"] = fates
        self.check("every record has its end", ended, _listed(fates))
        strays = {state: n for state, n in fates.items() if state != "discarded test-mode"}
        self.check("none reached a live table", ended and not strays, _listed(strays) or "none did")
        balanced = self.until(lambda: self.ledger().balanced, 60)
        seen = self.ledger() if balanced else None
        text = f"{seen.unaccounted} unaccounted" if seen else "it does not balance"
        return self.check("the ledger balances", balanced, text)

    def outcome(self) -> dict[str, Any]:
        """Everything there is to keep of the drill."""
        return {
            "messages": len(self.sent),
            "checks": [asdict(check) for check in self.checks],
            "alerts": sorted(self.alerts.seen),
            "prometheus": _watched(self.alerts),
            **self.facts,
        }

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def _messages(self, count: int, ministry: str | None) -> Sequence[Sent]:
        names = (ministry,) if ministry else tuple(MINISTRIES)
        seed = int(self.drill[:8], 16) + len(self.sent)
        return list(stream(count, seed, 0.0, names, self.clock() - _BEFORE))

    def _publish(self, batch: Sequence[Message]) -> None:
        publisher = self.bus.publisher()
        try:

            def published() -> bool:
                publisher.publish(batch)
                return True

            if not self.until(published):
                self.check("the broker takes messages", False, "no confirm came")
        finally:
            publisher.close()

    def _holds(self, reached: Callable[[], bool]) -> bool:
        try:
            return reached()
        except HubError:  # an outage is what some drills are about
            return False


def _listed(fates: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(fates.items()))


def _watched(alerts: Alerts) -> str:
    if alerts.url is None:
        return "not asked"
    return "did not always answer" if alerts.unreachable else "asked"
