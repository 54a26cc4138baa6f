"""Dates, periods and instants as the ministries write them: ISO, ``DD.MM.YYYY``, ``DD/MM/YYYY``.

Local times are Baku's: UTC+4 all the year (no summer time since 2016).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from schemas.errors import Refused

BAKU = timezone(timedelta(hours=4), "Asia/Baku")

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(r"(?P<day>[0-9]{2})([./])(?P<month>[0-9]{2})\2(?P<year>[0-9]{4})")
_TWO_DIGIT_YEAR = re.compile(r"([0-9]{1,2}[-./]){0,2}[0-9]{2}")
_PARTIAL = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_PERIOD = re.compile(r"(?P<year>[0-9]{4})(-(?P<part>0[1-9]|1[0-2]|Q[1-4]))?")
_LOCAL_MONTH = re.compile(r"(?P<part>0[1-9]|1[0-2])\.(?P<year>[0-9]{4})")
_QUARTERS = {"Q1": "01", "Q2": "04", "Q3": "07", "Q4": "10"}
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def parse_date(text: str, *, not_after: date | None) -> date:
    """Read a calendar day; raise ``Refused``: ``date-format``, ``date-two-digit-year``,
    or ``date-future`` when it lies after ``not_after``."""
    text = text.strip()
    if not _ISO.fullmatch(text):
        text = _as_iso(text)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("date-format", "", "is not a day of the calendar") from None
    if not_after is not None and day > not_after:
        raise Refused("date-future", "", "lies in the future")
    return day


def parse_generic_date(text: str, *, not_after: date | None = None) -> str:
    """Read a day, or a month (``YYYY-MM``) or year where no more is known, as ISO text."""
    text = text.strip()
    if not _PARTIAL.fullmatch(text):
        return parse_date(text, not_after=not_after).isoformat()
    if text.startswith("0000"):
        raise Refused("date-format", "", "is not a year of the calendar")
    if not_after is not None and text > not_after.isoformat()[: len(text)]:
        raise Refused("date-future", "", "lies in the future")
    return text


def parse_period(text: str, *, not_after: date) -> str:
    """Read a reporting period: ``2026-01`` or ``01.2026``, ``2026-Q1``, ``2026``; the result is
    in the first form. Raise ``Refused``: ``period-format``, or ``date-future`` when it begins
    after ``not_after``."""
    parts = _PERIOD.fullmatch(text.strip()) or _LOCAL_MONTH.fullmatch(text.strip())
    if parts is None or parts["year"] == "0000":
        raise Refused("period-format", "", "must be YYYY-MM, MM.YYYY, YYYY-Qn or YYYY")
    part = parts["part"] or "01"
    if f"{parts['year']}-{_QUARTERS.get(part, part)}-01" > not_after.isoformat():
        raise Refused("date-future", "", "has not begun")
    return "-".join(filter(None, (parts["year"], parts["part"])))


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant (``2026-03-02T09:00:00+04:00``), in Baku time if it has no
    offset; the result is aware. Raise ``Refused`` (``instant-format``)."""
    text = text.strip()
    if not _INSTANT.fullmatch(text):
        raise Refused("instant-format", "", "must be YYYY-MM-DDTHH:MM:SS with its offset")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("instant-format", "", "is not a moment of the calendar") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=BAKU)


def _as_iso(text: str) -> str:
    parts = _LOCAL.fullmatch(text)
    if parts is None:
        raise _unreadable(text)
    return "-".join((parts["year"], parts["month"], parts["day"]))


def _unreadable(text: str) -> Refused:
    if _TWO_DIGIT_YEAR.fullmatch(text):
        return Refused("date-two-digit-year", "", "must have the year in four digits")
    return Refused("date-format", "", "must be YYYY-MM-DD, DD.MM.YYYY or DD/MM/YYYY")
