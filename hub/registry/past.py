"""What the registry knew of a person: as of a day at the sources, by what had been recorded then.

Two times, asked for independently. *Valid*: a create, snapshot or change says what is so from its
time of occurrence on. A correction says that what it corrects was wrong from the start; annulments
and restorations likewise concern the fact as such, whenever it is asked about. *Known*: operations
recorded later do not exist. The authority matrix is today's: which earlier one was believed then is
not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.registry.authority import Authority, assumed
from hub.registry.facts import FactKey
from hub.registry.fold import SETS_CONTENT, Fact, Op, Standing, add
from hub.registry.golden import Statement, draw
from hub.registry.history import Past, operations
from hub.registry.links import Links, pairs_of
from hub.registry.person import PersonView, facts_about, marked, said, view
from hub.store.database import Transaction, as_json
from schemas.catalogue import record_class
from schemas.envelope import Operation
from schemas.record import CanonicalRecord

_LINKING = """
SELECT DISTINCT record_type, ministry, fact_subject, fact_key FROM (
    SELECT record_type, ministry, fact_subject, fact_key FROM registry.link
    WHERE identifier IN (SELECT value FROM jsonb_array_elements_text(%(subjects)s::jsonb))
    UNION ALL
    SELECT record_type, ministry, fact_subject, fact_key FROM registry.former
    WHERE record_type = 'subject_link'
      AND subject IN (SELECT value FROM jsonb_array_elements_text(%(subjects)s::jsonb))
    UNION ALL
    SELECT 'subject_link', ministry, subject, fact_key FROM registry.subject_link
    WHERE subject IN (SELECT value FROM jsonb_array_elements_text(%(subjects)s::jsonb))
) AS linking
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Bounds that do not belong to it any more (aware); None: no bound."""

    valid_before: datetime | None = None
    known_before: datetime | None = None

    def known(self, steps: Iterable[Past]) -> list[Past]:
        """Leave out what was recorded later."""
        bound = self.known_before
        return [step for step in steps if bound is None or step.recorded_at < bound]


def lookup_past(
    tx: Transaction, subject: str, moment: Moment, authority: Authority | None = None
) -> PersonView | None:
    """Find a person as known and valid at a moment; None if nothing was known of it by then."""
    links = _links(tx, subject, moment)
    fins = links.fins.get(subject, frozenset())
    group = next(iter(fins)) if len(fins) == 1 else subject
    if group != subject:
        links = _links(tx, group, moment)
    members = links.members(group)
    pasts = {
        key: known
        for key, steps in facts_about(tx, members).items()
        if (known := moment.known(steps)) and _speaks(key, known, frozenset(members))
    }
    if not pasts:
        return None
    told = [s for key, steps in pasts.items() for s in _statements(key, steps, members, moment)]
    golden = draw(group, told, links.disputed(group), authority or assumed())
    person = next((each for each in golden if each.entity == "person"), None)
    return marked(tx, view(group, members, person, pasts))


def at(steps: Iterable[Past], valid_before: datetime | None) -> Past | None:
    """Choose the operation whose content was so at a moment; ``steps`` are in order."""
    begun: list[tuple[datetime, Past]] = []
    for step in steps:
        if step.operation not in SETS_CONTENT:
            continue
        if step.operation is Operation.CORRECT and begun:
            begun[-1] = (begun[-1][0], step)
        else:
            begun.append((step.occurred_at, step))
    valid = [step for since, step in begun if valid_before is None or since < valid_before]
    return valid[-1] if valid else None


def _speaks(key: FactKey, steps: Iterable[Past], members: frozenset[str]) -> bool:
    """Whether a fact was about one of these subjects by then, or said something of one."""
    return key.subject in members or any(
        any(said(key.record_type, step, members)) for step in steps
    )


def _statements(
    key: FactKey, steps: list[Past], members: Iterable[str], moment: Moment
) -> list[Statement]:
    chosen = _in_force(steps, moment)
    record = _record(key, chosen) if chosen else None
    if chosen is None or record is None:
        return []
    wanted = set(members)
    return [
        Statement(
            entity=claim.entity,
            subject=claim.subject,
            ministry=key.ministry,
            record_type=key.record_type,
            record_id=chosen.record_id,
            operation=chosen.operation,
            version=chosen.version,
            fields=claim.fields,
        )
        for claim in record.claims()
        if claim.subject in wanted
    ]


def _in_force(steps: list[Past], moment: Moment) -> Past | None:
    fact = Fact()
    for step in steps:
        content = step.data
        op = Op(step.record_id, step.operation, step.version, step.record_version, content)
        fact = add(fact, op)
    return at(steps, moment.valid_before) if fact.status is Standing.ACTIVE else None


def _record(key: FactKey, step: Past) -> CanonicalRecord:
    return record_class(key.record_type, step.record_version).model_validate(step.data)


def _links(tx: Transaction, subject: str, moment: Moment) -> Links:
    """Read the links near a subject as they were, both ends of each."""
    pairs = _pairs(tx, {subject}, moment)
    return Links.of(pairs | _pairs(tx, {alias for alias, _ in pairs}, moment))


def _pairs(tx: Transaction, subjects: Iterable[str], moment: Moment) -> set[tuple[str, str]]:
    rows = tx.rows(_LINKING, {"subjects": as_json(sorted(subjects))})
    keys = [
        FactKey(row["record_type"], row["ministry"], row["fact_subject"], row["fact_key"])
        for row in rows
    ]
    found: Mapping[FactKey, list[Past]] = operations(tx, "subject_link", keys) if keys else {}
    pairs: set[tuple[str, str]] = set()
    for key, steps in found.items():
        chosen = _in_force(moment.known(steps), moment)
        if chosen:
            pairs.update(pairs_of(_record(key, chosen)))
    return pairs
