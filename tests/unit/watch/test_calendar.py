"""When something is expected of a ministry; all times in the tests are those of Baku."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from hub.watch.calendar import BAKU, Calendar, Pattern, expected_by, silent

HOURS = Calendar(allowed=timedelta(hours=2))
NIGHT = Calendar(
    Pattern.NIGHTLY, timedelta(hours=1), opens=time(23), closes=time(3), working=frozenset(range(5))
)


def baku(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BAKU)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-02-04 15:00", "2026-02-04 13:00"),  # a Wednesday afternoon
        ("2026-02-04 11:00", "2026-02-04 09:00"),
        ("2026-02-04 10:00", "2026-02-03 17:00"),  # an hour of today, an hour of yesterday
        ("2026-02-04 21:00", "2026-02-04 16:00"),  # after hours the day is complete
        ("2026-02-08 12:00", "2026-02-06 16:00"),  # on Sunday that of Friday
        ("2026-02-09 09:30", "2026-02-06 16:30"),  # Monday morning follows on Friday evening
    ],
)
def test_in_office_hours_only_working_time_counts(now: str, since: str) -> None:
    assert expected_by(HOURS, baku(now)) == baku(since)


@pytest.mark.parametrize("holiday", ["2026-01-20", "2026-03-20", "2026-05-28", "2026-06-15"])
def test_holidays_of_azerbaijan_are_no_working_days(holiday: str) -> None:
    assert not HOURS.works_on(date.fromisoformat(holiday))


def test_what_is_set_for_a_day_wins_over_holidays_and_weekdays() -> None:
    moved = Calendar(
        extra_holidays=frozenset({date(2026, 2, 4)}),
        extra_working=frozenset({date(2026, 1, 20), date(2026, 2, 7)}),
    )
    assert not moved.works_on(date(2026, 2, 4))
    assert moved.works_on(date(2026, 1, 20))
    assert moved.works_on(date(2026, 2, 7))


def test_a_long_holiday_is_no_silence() -> None:
    friday = baku("2026-03-19 17:30")  # then Novruz, Eid and their days in lieu, until 30 March
    assert not silent(HOURS, friday, baku("2026-03-29 12:00"))
    assert not silent(HOURS, friday, baku("2026-03-31 10:00"))
    assert silent(HOURS, friday, baku("2026-03-31 11:00"))


def test_around_the_clock_every_hour_counts() -> None:
    always = Calendar(Pattern.CONTINUOUS, timedelta(hours=30))
    assert expected_by(always, baku("2026-02-08 12:00")) == baku("2026-02-07 06:00")


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-02-04 03:59", "2026-02-02 23:00"),  # the grace of Tuesday's night still runs
        ("2026-02-04 04:00", "2026-02-03 23:00"),
        ("2026-02-04 23:30", "2026-02-03 23:00"),
        ("2026-02-09 05:00", "2026-02-06 23:00"),  # no batch on Saturday and Sunday night
    ],
)
def test_a_nightly_batch_is_due_when_its_time_and_its_grace_are_over(now: str, since: str) -> None:
    assert expected_by(NIGHT, baku(now)) == baku(since)


def test_a_batch_is_silent_until_it_comes_and_one_that_came_is_enough() -> None:
    late = baku("2026-02-04 04:30")
    assert silent(NIGHT, baku("2026-02-03 02:00"), late)
    assert not silent(NIGHT, baku("2026-02-03 23:10"), late)
    assert not silent(NIGHT, baku("2026-02-04 04:15"), late)


def test_a_feed_that_never_sent_is_silent_once_it_was_expected() -> None:
    assert silent(HOURS, None, baku("2026-02-04 15:00"))


def test_nothing_is_expected_of_whoever_never_works() -> None:
    never = Calendar(working=frozenset())
    assert expected_by(never, baku("2026-02-04 15:00")) is None
    assert not silent(never, None, baku("2026-02-04 15:00"))


def test_the_zone_of_the_clock_does_not_matter() -> None:
    now = baku("2026-02-04 15:00")
    assert expected_by(HOURS, now.astimezone(UTC)) == expected_by(HOURS, now)
