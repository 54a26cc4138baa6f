"""When a ministry's messages are expected: its working days, its hours, its nightly batch.

Everything here is a pure function of a calendar and a moment. Holidays are those of Azerbaijan as
the library ``holidays`` knows them; what the Cabinet moves or adds is set by hand, and wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from hub.sections import CalendarSettings, FeedSettings

BAKU = ZoneInfo("Asia/Baku")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOKED_BACK_DAYS = 40
_DAY = timedelta(days=1)


class Pattern(StrEnum):
    """How a ministry sends: around the clock, in office hours, or one batch a working night."""

    CONTINUOUS = "continuous"
    OFFICE_HOURS = "office-hours"
    NIGHTLY = "nightly"


@dataclass(frozen=True, slots=True)
class Calendar:
    """When one ministry sends; times of day are those of Baku.

    ``allowed`` is how long its feed may be silent while it is expected to send. ``opens`` to
    ``closes`` are office hours; for a nightly batch it is the time in which it comes, past
    midnight if ``closes`` is the earlier of the two. ``working`` are working weekdays (Monday 0).
    """

    pattern: Pattern = Pattern.OFFICE_HOURS
    allowed: timedelta = timedelta(hours=2)
    opens: time = time(9)
    closes: time = time(18)
    working: frozenset[int] = frozenset(range(5))
    extra_holidays: frozenset[date] = field(default_factory=frozenset)
    extra_working: frozenset[date] = field(default_factory=frozenset)

    def works_on(self, day: date) -> bool:
        """Whether it works on a day: what was set for the day wins over the holidays of the year,
        and those over the weekday."""
        if day in self.extra_working:
            return True
        if day in self.extra_holidays or day in _holidays(day.year):
            return False
        return day.weekday() in self.working

    def sends(self, day: date) -> tuple[datetime, datetime] | None:
        """The time in which it sends on a day (aware), None if it does not."""
        if self.pattern is Pattern.CONTINUOUS:
            return _at(day, time.min), _at(day + _DAY, time.min)
        if not self.works_on(day):
            return None
        ends_on = day if self.opens < self.closes else day + _DAY
        return _at(day, self.opens), _at(ends_on, self.closes)


def expected_by(calendar: Calendar, now: datetime) -> datetime | None:
    """The moment (aware) since which something must have come by ``now``; None if none is.

    A feed is silent if its last message is older than that. For a nightly batch it is the start
    of the last one that is over and whose grace has passed; otherwise the moment from which it had
    ``allowed`` of its sending time until ``now``.
    """
    if calendar.pattern is Pattern.NIGHTLY:
        over = (begin for begin, end in _backwards(calendar, now) if end + calendar.allowed <= now)
        return next(over, None)
    left = calendar.allowed
    for begin, end in _backwards(calendar, now):
        had = min(end, now) - begin
        if had >= left:
            return min(end, now) - left
        left -= had
    return None


def silent(calendar: Calendar, last: datetime | None, now: datetime) -> bool:
    """Whether something should have come since ``last`` (None: nothing ever came)."""
    since = expected_by(calendar, now)
    return since is not None and (last is None or last < since)


def _backwards(calendar: Calendar, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times of sending that have begun, the latest first."""
    today = now.astimezone(BAKU).date()
    for back in range(_LOOKED_BACK_DAYS):
        sending = calendar.sends(today - back * _DAY)
        if sending is not None and sending[0] <= now:
            yield sending


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, BAKU)


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("AZ", years=year))


def read(feed: FeedSettings, known: CalendarSettings) -> Calendar:
    """Make a ministry's calendar from what is set for it and for all."""
    return Calendar(
        pattern=Pattern(feed.pattern),
        allowed=timedelta(minutes=feed.allowed_minutes),
        opens=feed.opens,
        closes=feed.closes,
        working=frozenset(_WEEKDAYS.index(day) for day in feed.working_days),
        extra_holidays=frozenset(known.holidays),
        extra_working=frozenset(known.working_days),
    )
