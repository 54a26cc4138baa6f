"""Requests of persons concerned (Law on Personal Data; decree 2.10.4), and every step of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.evidence.declined import Declined
from hub.store.database import Row, Transaction


class RequestKind(StrEnum):
    """What is asked for."""

    RECTIFICATION = "rectification"
    BLOCKING = "blocking"


class RequestState(StrEnum):
    """How a request stands; a granted blocking is in force until it is lifted."""

    REQUESTED = "requested"
    FORWARDED = "forwarded"
    GRANTED = "granted"
    REFUSED = "refused"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands; ``subject`` is the URN of the person concerned."""

    request_id: int
    kind: RequestKind
    subject: str
    state: RequestState
    opened_by: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: where it leads, who took it, why; ``source`` is whom it was forwarded to."""

    state: RequestState
    by: str
    reason: str
    source: str | None = None


_OPEN = """
INSERT INTO agency.request (kind, subject, asks, state, opened_by, opened_at, changed_at)
VALUES (%s, %s, %s, 'requested', %s, %s, %s) RETURNING request_id
"""

_STEP = """
INSERT INTO agency.request_step (request_id, step, state, at, by, reason, source)
SELECT %(id)s, coalesce(max(step), 0) + 1, %(state)s, %(now)s, %(by)s, %(reason)s, %(source)s
FROM agency.request_step WHERE request_id = %(id)s
"""

_MOVED = "UPDATE agency.request SET state = %s, changed_at = %s WHERE request_id = %s"

_FIND = """
SELECT request_id, kind, subject, state, opened_by FROM agency.request
WHERE request_id = %s FOR UPDATE
"""

_LIST = """
SELECT request_id, kind, state, opened_by, opened_at, changed_at FROM agency.request
WHERE %(state)s::text IS NULL OR state = %(state)s ORDER BY request_id
"""

_SHOW = """
SELECT request_id, kind, subject, asks, state, opened_by, opened_at, changed_at
FROM agency.request WHERE request_id = %s
"""

_STEPS = """
SELECT state, at, by, reason, source FROM agency.request_step
WHERE request_id = %s ORDER BY step
"""


def add(
    tx: Transaction, kind: RequestKind, subject: str, asks: str, by: str, now: datetime
) -> Request:
    """Keep a new request."""
    (row,) = tx.rows(_OPEN, [kind, subject, asks, by, now, now])
    made = Request(row["request_id"], kind, subject, RequestState.REQUESTED, by)
    _keep(tx, made, Step(RequestState.REQUESTED, by, "opened"), now)
    return made


def take(tx: Transaction, request_id: int) -> Request:
    """Take a request, which nobody else changes meanwhile; ``Declined``: ``request-unknown``."""
    rows = tx.rows(_FIND, [request_id])
    if not rows:
        raise Declined("request-unknown", "there is no request of that number")
    row = rows[0]
    kind, state = RequestKind(row["kind"]), RequestState(row["state"])
    return Request(row["request_id"], kind, row["subject"], state, row["opened_by"])


def move(tx: Transaction, request: Request, step: Step, now: datetime) -> None:
    """Note a step, and that the request stands as it says."""
    tx.execute(_MOVED, [step.state, now, request.request_id])
    _keep(tx, request, step, now)


def steps(tx: Transaction, request_id: int) -> list[Row]:
    """Read every step of a request, in order."""
    return tx.rows(_STEPS, [request_id])


def known(tx: Transaction, state: RequestState | None = None) -> list[Row]:
    """List requests without whom they are of and what they ask."""
    return tx.rows(_LIST, {"state": state})


def show(tx: Transaction, request_id: int) -> Row | None:
    """Read all of one request with its steps."""
    rows = tx.rows(_SHOW, [request_id])
    return rows[0] | {"steps": steps(tx, request_id)} if rows else None


def _keep(tx: Transaction, request: Request, step: Step, now: datetime) -> None:
    told = {"state": step.state, "by": step.by, "reason": step.reason, "source": step.source}
    tx.execute(_STEP, told | {"id": request.request_id, "now": now})
