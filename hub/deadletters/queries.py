"""Reading the desk's store: pages by key, groups by cause, one letter with its whole history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

from hub.deadletters.letter import State
from hub.store.database import Row, Transaction, as_json

_COLUMNS: LiteralString = """
SELECT letter_id, origin, message_id, body_sha256, content_type, headers, size, ministry, lane,
    record_type, subject, version, rank, cause, field, explanation, state, mark, failures,
    deliveries, replays, corrects, first_parked_at, parked_at, changed_at
FROM desk.letter
"""

_NEWEST: LiteralString = "ORDER BY parked_at DESC, letter_id DESC LIMIT %(most)s"
_IN_ORDER: LiteralString = "ORDER BY ministry, subject, version, rank, letter_id LIMIT %(most)s"
_BEFORE: LiteralString = "(parked_at, letter_id) < (%(parked_at)s, %(after_id)s::uuid)"
_AFTER: LiteralString = """(ministry, subject, version, rank, letter_id)
    > (%(after_ministry)s, %(after_subject)s, %(after_version)s, %(after_rank)s, %(after_id)s::uuid)
"""
_READY: LiteralString = "state IN ('parked', 'approved')"

_FIND: LiteralString = """letter_id IN (
    SELECT letter_id FROM desk.letter WHERE message_id = %(find)s
    UNION SELECT letter_id FROM desk.letter WHERE subject = %(find)s AND subject <> ''
    UNION SELECT letter_id FROM desk.letter_record
        WHERE record_id = CASE WHEN %(find)s ~ '^[0-9a-f]{32}$' THEN %(find)s::uuid END)
"""

_CONDITIONS: dict[str, LiteralString] = {
    "state": "state = %(state)s",
    "ministry": "ministry = %(ministry)s",
    "cause": "cause = %(cause)s",
    "field": "field = %(field)s",
    "record_type": "record_type = %(record_type)s",
    "since": "parked_at >= %(since)s",
    "until": "parked_at < %(until)s",
    "find": _FIND,
}

_GROUPS: LiteralString = """
SELECT ministry, cause, field, count(*) AS letters, min(parked_at) AS first, max(parked_at) AS last
FROM desk.letter
WHERE state = %s GROUP BY ministry, cause, field ORDER BY letters DESC, ministry, cause, field
"""

_STATES: LiteralString = """
SELECT s.state, (SELECT count(*) FROM desk.letter l WHERE l.state = s.state) AS letters
FROM unnest(%s::text[]) AS s (state)
"""

_RECORDS: LiteralString = """
SELECT lr.letter_id, log.record_id, log.record_type, log.state, log.cause, log.settled_at
FROM desk.letter_record lr JOIN evidence.record_log log USING (record_id)
WHERE lr.letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY lr.letter_id, log.ordinal, log.record_id
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; what is None does not matter. Times are aware.

    ``find`` is a message id, a record id or a subject's URN, whole. A group is a filter by
    ministry, cause and field (``field`` may be empty: letters of no particular field).
    """

    state: State | None = None
    ministry: str | None = None
    cause: str | None = None
    field: str | None = None
    record_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    find: str | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """What the filter asks for, without what does not matter."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def where(self) -> tuple[list[LiteralString], dict[str, Any]]:
        """Render conditions and their parameters."""
        params = {key: str(v) if key == "state" else v for key, v in self.chosen.items()}
        return [_CONDITIONS[key] for key in params], params


@dataclass(frozen=True, slots=True)
class Place:
    """The last letter of a page: the next page begins behind it."""

    parked_at: datetime
    letter_id: str


def page(tx: Transaction, chosen: Filter, most: int, after: Place | None = None) -> list[Row]:
    """List letters, latest parked first."""
    conditions, params = chosen.where()
    if after:
        conditions.append(_BEFORE)
        params |= {"parked_at": after.parked_at, "after_id": after.letter_id}
    return tx.rows(_select(_COLUMNS, conditions, _NEWEST), params | {"most": most})


def in_order(tx: Transaction, chosen: Filter, most: int, after: Row | None = None) -> list[Row]:
    """List letters that could be sent, in the original order within each subject."""
    conditions, params = chosen.where()
    conditions.append(_READY)
    if after:
        conditions.append(_AFTER)
        params |= {f"after_{key}": after[key] for key in ("ministry", "subject", "version", "rank")}
        params |= {"after_id": after["letter_id"]}
    return tx.rows(_select(_COLUMNS, conditions, _IN_ORDER), params | {"most": most})


def count(tx: Transaction, chosen: Filter) -> int:
    """Count letters that could be sent."""
    conditions, params = chosen.where()
    statement = _select("SELECT count(*) AS n FROM desk.letter ", [*conditions, _READY], "")
    (row,) = tx.rows(statement, params)
    return int(row["n"])


def groups(tx: Transaction, state: State) -> list[Row]:
    """Group letters by ministry, cause and field, largest group first."""
    return tx.rows(_GROUPS, [str(state)])


def states(tx: Transaction) -> dict[State, int]:
    """Count letters by state."""
    return {
        State(row["state"]): row["letters"]
        for row in tx.rows(_STATES, [[str(state) for state in State]])
    }


def letters(tx: Transaction, ids: Iterable[str]) -> list[Row]:
    """Read letters by id."""
    wanted: LiteralString = (
        "letter_id IN (SELECT value::uuid FROM jsonb_array_elements_text(%(ids)s::jsonb))"
    )
    return tx.rows(_select(_COLUMNS, [wanted], ""), {"ids": as_json(list(ids))})


def records(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Row]]:
    """Read what the record log says of the records of some letters, by letter id."""
    found: dict[str, list[Row]] = {}
    for row in tx.rows(_RECORDS, [as_json(list(ids))]):
        found.setdefault(row.pop("letter_id").hex, []).append(row)
    return found


def history(tx: Transaction, letter_id: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield failures, replays and corrections of a letter, each oldest first."""
    for name, statement in _HISTORY.items():
        yield name, tx.rows(statement, [letter_id])


_HISTORY: dict[str, LiteralString] = {
    "failures": """
        SELECT cause, field, explanation, attempts, replay, parked_at, drained_at
        FROM desk.failure WHERE letter_id = %s ORDER BY parked_at, occurrence""",
    "replays": """
        SELECT number, run_id, operator, claimed_at, sent_at
        FROM desk.replay WHERE letter_id = %s ORDER BY number""",
    "corrections": """
        SELECT c.correction_id, c.state, c.message_id, c.record_id, c.body_sha256, c.difference,
            c.reason, c.editor, c.edited_at, c.decided_by, c.decided_at, log.state AS record_state
        FROM desk.correction c LEFT JOIN evidence.record_log log USING (record_id)
        WHERE c.letter_id = %s ORDER BY c.edited_at, c.correction_id""",
    "corrected_by": """
        SELECT letter_id, state, cause, field, parked_at
        FROM desk.letter WHERE corrects = %s ORDER BY parked_at""",
}


def _select(
    columns: LiteralString, conditions: list[LiteralString], rest: LiteralString
) -> LiteralString:
    where: LiteralString = " AND ".join(conditions) if conditions else "true"
    return " ".join((columns, "WHERE", where, rest))
