"""Search: persons and taxpayers by number, persons by name and date of birth (decree 2.10.7).

A number finds one subject, with certainty. A name finds candidates, each with a score; nothing
found by name is ever certain. Every search states its purpose, is bounded in number and in what
it shows, and leaves a trace, in which no name and no number stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from hub.agency.likeness import Name, likeness
from hub.evidence import audit, blocks, operators
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.registry.claims import links_near
from hub.store.database import Transaction, as_json

LEAST_SCORE = 0.6
MOST_SHOWN = 20
_MOST_COMPARED = 20_000
_LIKELY = 0.9
_DAY = timedelta(days=1)
_ACTION = "searched"

_GOLDEN = """
SELECT subject, fields FROM registry.golden
WHERE entity = %(entity)s
  AND subject IN (SELECT value FROM jsonb_array_elements_text(%(subjects)s::jsonb))
ORDER BY subject
"""

_BORN = """
SELECT subject, fields FROM registry.golden
WHERE entity = 'person'
  AND fields ->> 'dateOfBirth' = ANY (%s)
LIMIT %s
"""
"""By index whatever the planner expects: beside a join, LIMIT would have it read everybody."""

_HOLDERS = """
SELECT holder_urn AS holder FROM registry.identity_document WHERE subject = %(document)s
UNION
SELECT holder_urn FROM registry.residence_permit WHERE subject = %(document)s
"""

_USED = """
SELECT count(*) AS used FROM evidence.audit WHERE actor = %s AND action = %s AND at > %s
"""


class Grade(StrEnum):
    """How sure a hit is. ``certain`` is only what was found by its number."""

    CERTAIN = "certain"
    SAME_NAME = "same-name"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody who was found: the golden record, and how sure that is (``score`` 0 to 1).

    Of whom is ``blocked``, on the request of that number, no field is shown.
    """

    subject: str
    score: float
    grade: Grade
    fields: Mapping[str, Any]
    blocked: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A search by an operator. ``per_day`` bounds how many one may make in 24 hours."""

    tx: Transaction
    token: str | None
    purpose: str
    now: datetime
    per_day: int = 500

    def person(self, subject: str) -> list[Hit]:
        """Find a person by the URN of a FİN or of another number that leads to one."""
        by = self._admit()
        return self._told(by, "number", subject, self._certain("person", [subject]))

    def legal_entity(self, subject: str) -> list[Hit]:
        """Find a taxpayer by the URN of a VÖEN."""
        by = self._admit()
        return self._told(by, "voen", subject, self._certain("legal_entity", [subject]))

    def holder(self, document: str) -> list[Hit]:
        """Find who holds a document, by its URN; two if two sources name two."""
        by = self._admit()
        rows = self.tx.rows(_HOLDERS, {"document": document})
        found = self._certain("person", [row["holder"] for row in rows])
        return self._told(by, "document", document, found)

    def named(self, name: Name, born: date) -> list[Hit]:
        """Find candidates by name among those born on a day, the likeliest first.

        Where a source knows only the year or month of birth, that counts a little less.
        """
        by = self._admit()
        if not (name.given or name.family):
            raise Declined("search-name", "a given or a family name is needed")
        days = [born.isoformat(), f"{born:%Y-%m}", f"{born:%Y}"]
        rows = self.tx.rows(_BORN, [days, _MOST_COMPARED])
        hits = [
            _hit(row["subject"], _similar(name, row["fields"], days[0]), row["fields"])
            for row in rows
        ]
        likely = sorted((h for h in hits if h.score >= LEAST_SCORE), key=_by_score)
        return self._told(by, "name", f"{name} {born}", likely[:MOST_SHOWN])

    def _admit(self) -> str:
        by = operators.authenticate_for_persons(self.tx, self.token).name
        if not self.purpose.strip():
            raise Declined("purpose-missing", "say what the search is for (decree 2.10.7)")
        (row,) = self.tx.rows(_USED, [by, _ACTION, self.now - _DAY])
        if row["used"] >= self.per_day:
            raise Declined("search-quota", f"{self.per_day} searches in 24 hours are allowed")
        return by

    def _certain(self, entity: str, subjects: Sequence[str]) -> list[Hit]:
        links = links_near(self.tx, subjects)
        wanted = {group for s in subjects if not links.disputed(s) for group in links.groups([s])}
        rows = self.tx.rows(_GOLDEN, {"entity": entity, "subjects": as_json(sorted(wanted))})
        return [Hit(row["subject"], 1.0, Grade.CERTAIN, row["fields"]) for row in rows]

    def _told(self, by: str, how: str, asked: str, hits: list[Hit]) -> list[Hit]:
        """Write down that this was asked and how much it gave, recognisable and not readable."""
        detail = {"by": how, "asked": _digest(asked), "shown": [_digest(h.subject) for h in hits]}
        act = Act(by, _ACTION, f"search:{how}", self.purpose.strip(), detail)
        audit.record(self.tx, act, self.now)
        requests = blocks.blocked(self.tx, [hit.subject for hit in hits]) if hits else {}
        return [_without_fields(hit, requests.get(hit.subject)) for hit in hits]


def _without_fields(hit: Hit, blocked: int | None) -> Hit:
    return hit if blocked is None else replace(hit, fields={}, blocked=blocked)


def _similar(asked: Name, fields: Mapping[str, Any], born: str) -> float:
    known = Name(fields.get("givenName"), fields.get("familyName"), fields.get("patronymicName"))
    exact = fields.get("dateOfBirth") == born
    return likeness(asked, known) * (1.0 if exact else _LIKELY)


def _hit(subject: str, score: float, fields: Mapping[str, Any]) -> Hit:
    if score >= 1:
        return Hit(subject, 1.0, Grade.SAME_NAME, fields)
    return Hit(
        subject, round(score, 3), Grade.LIKELY if score >= _LIKELY else Grade.POSSIBLE, fields
    )


def _by_score(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.subject


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
