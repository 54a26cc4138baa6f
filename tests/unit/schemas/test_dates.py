from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dates import BAKU, parse_date, parse_generic_date, parse_instant
from schemas.errors import Refused

TODAY = date(2026, 3, 2)


def rule_of(parse: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        parse()
    assert caught.value.field == ""
    return caught.value.rule


@pytest.mark.parametrize("text", ["2020-01-31", "31.01.2020", "31/01/2020", " 31.01.2020\n"])
def test_the_three_spellings_of_a_day_are_read(text: str) -> None:
    assert parse_date(text, not_after=None) == date(2020, 1, 31)


@given(st.dates())
def test_every_day_is_read_back_from_each_spelling(day: date) -> None:
    parts = {"d": f"{day.day:02}", "m": f"{day.month:02}", "y": f"{day.year:04}"}
    for spelling in ("{y}-{m}-{d}", "{d}.{m}.{y}", "{d}/{m}/{y}"):
        assert parse_date(spelling.format(**parts), not_after=None) == day


@pytest.mark.parametrize("text", ["31.01.20", "31/01/20", "20-01-31", "1.1.99", "20"])
def test_a_two_digit_year_is_refused_by_its_own_rule(text: str) -> None:
    assert rule_of(lambda: parse_date(text, not_after=None)) == "date-two-digit-year"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31.02.2020",
        "2021-02-29",
        "00.01.2020",
        "2020-13-01",
        "0000-01-01",
        "31.01/2020",
        "1.1.2020",
        "20200131",
        "2020-01-31T00:00:00",
        "2020.01.31",
        "٣١.٠١.٢٠٢٠",
        "31 yanvar 2020",
        "2020",
        "2020-01",
    ],
)
def test_anything_else_is_not_a_day(text: str) -> None:
    assert rule_of(lambda: parse_date(text, not_after=None)) == "date-format"


def test_the_last_day_allowed_is_allowed_and_the_next_is_not() -> None:
    assert parse_date("02.03.2026", not_after=TODAY) == TODAY
    assert rule_of(lambda: parse_date("03.03.2026", not_after=TODAY)) == "date-future"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1950", "1950"), ("1950-07", "1950-07"), ("03.07.1950", "1950-07-03"), (" 1950 ", "1950")],
)
def test_a_generic_date_keeps_the_precision_it_came_with(text: str, expected: str) -> None:
    assert parse_generic_date(text) == expected


@pytest.mark.parametrize("text", ["2026", "2026-03", "02.03.2026"])
def test_a_generic_date_within_the_present_is_not_in_the_future(text: str) -> None:
    assert parse_generic_date(text, not_after=TODAY) in {"2026", "2026-03", "2026-03-02"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2027", "date-future"),
        ("2026-04", "date-future"),
        ("03.03.2026", "date-future"),
        ("50", "date-two-digit-year"),
        ("01.01.50", "date-two-digit-year"),
        ("1950-13", "date-format"),
        ("1950-00", "date-format"),
        ("0000", "date-format"),
        ("0000-01", "date-format"),
        ("195", "date-format"),
        ("", "date-format"),
    ],
)
def test_a_bad_generic_date_is_refused_by_the_rule_for_days(text: str, rule: str) -> None:
    assert rule_of(lambda: parse_generic_date(text, not_after=TODAY)) == rule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:00:00+04:00", datetime(2026, 3, 2, 5, tzinfo=UTC)),
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00", datetime(2026, 3, 2, 5, tzinfo=UTC)),
        ("2026-03-02T09:00:00.5", datetime(2026, 3, 2, 5, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-02T09:00:00.1234567+04:00", datetime(2026, 3, 2, 5, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_aware_and_local_time_is_bakus(text: str, expected: datetime) -> None:
    instant = parse_instant(text)
    assert instant == expected
    assert instant.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02 09:00:00",
        "02.03.2026T09:00:00",
        "20260302T090000",
        "2026-02-30T09:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02T09:00:00+99:00",
        "2026-W10-1T09:00:00Z",
        "2026-03-02T09:00:00 Asia/Baku",
    ],
)
def test_anything_else_is_not_an_instant(text: str) -> None:
    assert rule_of(lambda: parse_instant(text)) == "instant-format"


@given(st.datetimes(timezones=st.sampled_from([UTC, BAKU])))
def test_every_instant_is_read_back_from_its_iso_text(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant


@given(st.text(max_size=30))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for parse in (
        lambda: parse_date(text, not_after=TODAY),
        lambda: parse_generic_date(text),
        lambda: parse_instant(text),
    ):
        with contextlib.suppress(Refused):
            parse()


def test_baku_is_four_hours_ahead_all_year() -> None:
    offsets = {BAKU.utcoffset(datetime(2026, month, 1, tzinfo=BAKU)) for month in range(1, 13)}
    assert offsets == {timedelta(hours=4)}
