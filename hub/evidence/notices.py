"""Notices and findings: what a sender is told, kept until the broker has confirmed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Transaction, as_json

MOST_RECORDS = 100
"""Records that one notice tells of: some ten kilobytes, however long the message was."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a message a rule was broken, and in which words; never a value."""

    ordinal: int
    field: str
    explanation: str
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A refusal or warning for the sender: one rule, and every record of a message it is about.

    ``places`` are in the order of the message, at least one and at most ``MOST_RECORDS``.
    """

    ministry: str
    message_id: str
    kind: str
    rule: str
    places: tuple[Place, ...]

    @property
    def notice_id(self) -> str:
        """Derived from where it begins, so that saying it again is no second notice."""
        first = self.places[0]
        parts = (self.ministry, self.message_id, str(first.ordinal), self.rule, first.field)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]

    def body(self, now: datetime) -> dict[str, Any]:
        """Render the JSON document that is published on ``notice.<ministry>``."""
        return {
            "noticeId": self.notice_id,
            "kind": self.kind,
            "ministry": self.ministry,
            "messageId": self.message_id,
            "rule": self.rule,
            **asdict(self.places[0]),
            "records": [asdict(place) for place in self.places],
            "noticedAt": now.isoformat(),
        }


def grouped(
    ministry: str, message_id: str, kind: str, broken: Iterable[tuple[str, Place]]
) -> list[Notice]:
    """Make the notices about a message of ``(rule, place)`` pairs: one for each rule, and another
    one for each further ``MOST_RECORDS`` places."""
    by_rule: dict[str, list[Place]] = {}
    for rule, place in broken:
        by_rule.setdefault(rule, []).append(place)
    return [
        Notice(ministry, message_id, kind, rule, tuple(places[start : start + MOST_RECORDS]))
        for rule, places in by_rule.items()
        for start in range(0, len(places), MOST_RECORDS)
    ]


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """A warning kept with an accepted record."""

    record_id: str
    rule: str
    field: str
    explanation: str
    proposal: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that the broker has not confirmed yet; ``body`` is its JSON document."""

    notice_id: str
    ministry: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """A message that came in place of a refused one; ``corrects`` and ``corrected_by`` are ids."""

    ministry: str
    corrects: str
    corrected_by: str


_KEEP = """
INSERT INTO evidence.notice (notice_id, ministry, body, created_at)
SELECT notice_id, ministry, body, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (notice_id uuid, ministry text, body jsonb)
ORDER BY notice_id
ON CONFLICT (notice_id) DO NOTHING
"""

_WAITING = """
SELECT notice_id, ministry, body FROM evidence.notice
WHERE published_at IS NULL AND created_at <= %s ORDER BY created_at LIMIT %s
"""

_PUBLISHED = """
UPDATE evidence.notice SET published_at = %(now)s
WHERE notice_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))
"""

_LINK = """
UPDATE evidence.notice AS n SET corrected_by = r.corrected_by, corrected_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (ministry text, corrects text, corrected_by text)
WHERE n.ministry = r.ministry AND n.body ->> 'messageId' = r.corrects
  AND n.corrected_by IS DISTINCT FROM r.corrected_by
"""

_FIND = """
INSERT INTO evidence.finding (record_id, rule, field, explanation, proposal, found_at)
SELECT record_id, rule, field, explanation, proposal, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (record_id uuid, rule text, field text,
    explanation text, proposal text)
ORDER BY record_id, rule, field
ON CONFLICT DO NOTHING
"""


def keep(tx: Transaction, notices: Iterable[Notice], now: datetime) -> None:
    """Keep notices for publishing; one that was kept before stays as it was."""
    rows = [
        {"notice_id": n.notice_id, "ministry": n.ministry, "body": n.body(now)} for n in notices
    ]
    if rows:
        tx.execute(_KEEP, {"rows": as_json(rows), "now": now})


def waiting(tx: Transaction, older_than: datetime, limit: int) -> list[Waiting]:
    """List notices without a confirm that were made before ``older_than``, oldest first."""
    rows = tx.rows(_WAITING, [older_than, limit])
    return [Waiting(row["notice_id"].hex, row["ministry"], row["body"]) for row in rows]


def published(tx: Transaction, notice_ids: Iterable[str], now: datetime) -> None:
    """Mark notices as confirmed by the broker."""
    tx.execute(_PUBLISHED, {"ids": as_json(list(notice_ids)), "now": now})


def link(tx: Transaction, corrections: Iterable[Correction], now: datetime) -> None:
    """Link the notices about messages to the messages that came in their place.

    What a correction names that no notice is about is linked to nothing. Of several corrections
    of one message the latest stands.
    """
    latest = {(each.ministry, each.corrects): each for each in corrections}
    if latest:
        rows = [asdict(each) for each in latest.values()]
        tx.execute(_LINK, {"rows": as_json(rows), "now": now})


def keep_findings(tx: Transaction, findings: Iterable[RecordFinding], now: datetime) -> None:
    """Keep warnings about accepted records; the same warning twice is one."""
    rows = [
        {
            "record_id": f.record_id,
            "rule": f.rule,
            "field": f.field,
            "explanation": f.explanation,
            "proposal": f.proposal,
        }
        for f in findings
    ]
    if rows:
        tx.execute(_FIND, {"rows": as_json(rows), "now": now})
