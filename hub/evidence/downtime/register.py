"""The register's tables: entries the hub opens and closes, windows people announce, remarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.evidence.declined import Declined
from hub.evidence.downtime.entry import APART, Outage
from hub.store.database import Row, Transaction


class Kind(StrEnum):
    """Why something was down: by itself, announced ahead, or held by an operator."""

    OUTAGE = "outage"
    PLANNED = "planned"
    PAUSE = "pause"


SERVICE = "service"
"""Component of what concerns a ministry: its service, or all that it sends."""
DELIVERY = "delivery"
"""Component of what concerns a subscriber: everything that goes to it."""


class Paused(NamedTuple):
    """Who is paused: ministries nothing is taken from, subscribers nothing is delivered to."""

    ministries: frozenset[str] = frozenset()
    subscribers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Window:
    """A time (aware) in which something is down on purpose; ``end`` None: until further notice."""

    kind: Kind
    component: str
    source: str
    begin: datetime
    end: datetime | None
    cause: str


_FIND = """
SELECT downtime_id FROM evidence.downtime
WHERE kind = 'outage' AND component = %(component)s AND source = %(source)s
  AND began_at <= coalesce(%(ended)s, 'infinity'::timestamptz) + %(apart)s
  AND coalesce(ended_at, 'infinity') >= %(began)s::timestamptz - %(apart)s
ORDER BY began_at LIMIT 1 FOR UPDATE
"""

# What a lost worker saw has no end of its own: the first that is written stays.
_UPDATE = """
UPDATE evidence.downtime SET began_at = %(began)s,
    ended_at = CASE WHEN %(lost)s THEN coalesce(ended_at, %(now)s) ELSE %(ended)s END
WHERE downtime_id = %(id)s
"""

_OPEN = """
INSERT INTO evidence.downtime (kind, component, source, began_at, ended_at, cause, opened_by)
VALUES (%(kind)s, %(component)s, %(source)s, %(began)s, %(ended)s, %(cause)s, %(by)s)
RETURNING downtime_id
"""

_CLOSE = """
UPDATE evidence.downtime SET ended_at = greatest(began_at, %(ended)s)
WHERE kind = %(kind)s AND component = %(component)s AND source = %(source)s
  AND ended_at IS NULL
"""

_ENTRIES = """
SELECT d.downtime_id, d.kind, d.component, d.source, d.began_at, d.ended_at, d.opened_by,
    coalesce(said.cause, d.cause) AS cause, said.responsible, said.remark
FROM evidence.downtime d
LEFT JOIN LATERAL (
    SELECT (array_agg(r.cause ORDER BY remark_id DESC) FILTER (WHERE r.cause IS NOT NULL))[1]
            AS cause,
        (array_agg(r.responsible ORDER BY remark_id DESC)
            FILTER (WHERE r.responsible IS NOT NULL))[1] AS responsible,
        string_agg(r.remark, ' / ' ORDER BY remark_id) AS remark
    FROM evidence.downtime_remark r WHERE r.downtime_id = d.downtime_id
) said ON true
WHERE d.began_at < %s AND coalesce(d.ended_at, 'infinity') > %s
ORDER BY d.began_at, d.downtime_id
"""

_CURRENT = """
SELECT downtime_id, kind, component, source, began_at, ended_at, cause
FROM evidence.downtime
WHERE kind IN ('planned', 'pause') AND began_at <= %(now)s
  AND coalesce(ended_at, 'infinity') > %(now)s
"""

_REMARK = """
INSERT INTO evidence.downtime_remark (downtime_id, at, author, cause, responsible, remark)
SELECT downtime_id, %s, %s, %s, %s, %s FROM evidence.downtime WHERE downtime_id = %s
"""


def note(tx: Transaction, outage: Outage, opened_by: str, now: datetime) -> None:
    """Enter an outage, or bring the entry it belongs to up to date; the same again is nothing."""
    values = {
        "component": outage.component,
        "source": outage.source,
        "began": outage.began,
        "ended": now if outage.lost else outage.ended,
        "cause": outage.cause,
        "lost": outage.lost,
        "apart": APART,
        "now": now,
        "kind": Kind.OUTAGE,
        "by": opened_by,
    }
    found = tx.rows(_FIND, values)
    if found:
        tx.execute(_UPDATE, values | {"id": found[0]["downtime_id"]})
    else:
        tx.rows(_OPEN, values)


def is_open(tx: Transaction, component: str, source: str) -> bool:
    """Whether an outage of a component and source is entered and has no end yet."""
    statement = """
        SELECT FROM evidence.downtime WHERE kind = 'outage' AND component = %s AND source = %s
          AND ended_at IS NULL
    """
    return bool(tx.rows(statement, [component, source]))


def close(tx: Transaction, kind: Kind, component: str, source: str, ended: datetime) -> int:
    """End what is open of a component and source; return how many entries that were."""
    return tx.execute(
        _CLOSE, {"kind": kind, "component": component, "source": source, "ended": ended}
    )


def hold(tx: Transaction, window: Window, author: str, now: datetime) -> int:
    """Enter a window (announced, or a pause) and audit it; return its number.

    Raises ``Declined`` (``window-order``) where it ends before it begins.
    """
    if window.end is not None and window.end <= window.begin:
        raise Declined("window-order", "a window ends after it begins")
    values = {
        "kind": window.kind,
        "component": window.component,
        "source": window.source,
        "began": window.begin,
        "ended": window.end,
        "cause": window.cause,
        "by": author,
    }
    (row,) = tx.rows(_OPEN, values)
    number = int(row["downtime_id"])
    detail = {"component": window.component, "source": window.source}
    act = Act(author, f"downtime-{window.kind}", f"downtime:{number}", window.cause, detail)
    audit.record(tx, act, now)
    return number


def pause(tx: Transaction, window: Window, author: str, now: datetime) -> int:
    """Enter a pause that lasts until it is ended; return its number.

    Raises ``Declined`` (``already-paused``).
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtext('evidence.downtime'))")
    mine = _names(current(tx, now), window.component)
    if window.source in mine:
        raise Declined("already-paused", "there is a pause that has not ended")
    return hold(tx, window, author, now)


def resume(
    tx: Transaction, component: str, source: str, author: str, reason: str, now: datetime
) -> bool:
    """End the pause of a ministry or subscriber and audit it; tell whether there was one."""
    ended = bool(close(tx, Kind.PAUSE, component, source, now))
    if ended:
        whom = "subscriber" if component == DELIVERY else "source"
        audit.record(tx, Act(author, "downtime-resumed", f"{whom}:{source}", reason), now)
    return ended


def explain(
    tx: Transaction,
    number: int,
    author: str,
    now: datetime,
    *,
    cause: str | None,
    responsible: str | None,
    remark: str | None,
) -> None:
    """Add what people know of an entry; raise ``Declined`` (``downtime-unknown``)."""
    if not tx.execute(_REMARK, [now, author, cause, responsible, remark, number]):
        raise Declined("downtime-unknown", "there is no entry of that number")
    audit.record(tx, Act(author, "downtime-explained", f"downtime:{number}", remark or cause), now)


def entries(tx: Transaction, begin: datetime, end: datetime) -> list[Row]:
    """List what was down between two moments, with what was said of it, oldest first."""
    return tx.rows(_ENTRIES, [end, begin])


def current(tx: Transaction, now: datetime) -> list[Row]:
    """List the windows and pauses that ``now`` is in."""
    return tx.rows(_CURRENT, {"now": now})


def held(tx: Transaction, source: str, now: datetime) -> bool:
    """Whether a ministry is not to be asked now: a window or pause of its own, or of everybody."""
    windows = (row for row in current(tx, now) if row["component"] != DELIVERY)
    return any(row["source"] in ("", source) for row in windows)


def paused(tx: Transaction, now: datetime) -> Paused:
    """Tell who is paused."""
    windows = current(tx, now)
    return Paused(_names(windows, SERVICE), _names(windows, DELIVERY))


def _names(windows: Iterable[Row], component: str) -> frozenset[str]:
    pauses = (row for row in windows if row["kind"] == Kind.PAUSE)
    return frozenset(row["source"] for row in pauses if row["component"] == component)
