"""Rates and thresholds: one value at most for an amount on a day, each with its source."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.rates import Standing, assumed, described, parse
from schemas.excise_contribution import UNITS, Goods

TABLE = assumed()
OTHERS = "premium.employee-and-employer-each.others"
DAYS = st.dates(date(2019, 1, 1), date(2030, 12, 31))


def holding(name: str, day: date) -> list[tuple[Decimal, Decimal | None, Decimal]]:
    found = [rate for rate in TABLE.holding_on(day) if rate.name == name]
    return sorted((rate.above, rate.up_to, rate.value) for rate in found)


@given(DAYS)
def test_bands_that_hold_on_a_day_follow_each_other_without_gap_or_overlap(day: date) -> None:
    for name in {rate.name for rate in TABLE.holding_on(day)}:
        bands = holding(name, day)
        assert bands[0][0] == 0
        assert bands[-1][1] is None
        assert [up_to for _, up_to, _ in bands[:-1]] == [above for above, _, _ in bands[1:]]


def test_the_threshold_of_others_than_state_and_oil_fell_with_2026() -> None:
    last, first = date(2025, 12, 31), date(2026, 1, 1)
    assert [band[1] for band in holding(OTHERS, last)] == [Decimal(8000), None]
    assert [band[1] for band in holding(OTHERS, first)] == [Decimal(2500), None]
    unchanged = OTHERS.replace("others", "state-oil-gas")
    assert holding(unchanged, last) == holding(unchanged, first)


def test_contributions_are_of_the_goods_of_the_decree_in_their_units_and_end_by_assumption() -> (
    None
):
    rates = {
        r.name.removeprefix("contribution."): r for r in TABLE.rates if "contribution" in r.name
    }
    assert rates.keys() == set(get_args(Goods))
    for goods, unit in UNITS.items():
        rate = rates[goods]
        assert rate.base.replace(" ", "-") == unit
        assert (rate.valid_until, rate.standing) == (date(2025, 12, 31), Standing.ASSUMED)
        assert not rate.holds_on(date(2026, 1, 1))


def test_every_rate_names_its_source_and_how_sure_it_is() -> None:
    assert "assumed" in TABLE.version
    assert all(rate.source and rate.standing in Standing for rate in TABLE.rates)
    assert len(list(described(TABLE.rates))) == len(TABLE.rates)


ONE = """
version = "t"
[[rate]]
name = "x"
base = "month"
value = "1"
unit = "AZN"
from = 2026-01-01
until = 2026-03-31
source = "s"
standing = "reported"
"""


def another(first: date, band: str = "") -> str:
    rate = ONE.partition("[[rate]]")[2].replace("2026-01-01", first.isoformat())
    return ONE + "[[rate]]" + rate.replace("until = 2026-03-31", band)


@given(DAYS)
def test_two_values_for_one_amount_on_one_day_are_refused(first: date) -> None:
    if first > date(2026, 3, 31):
        assert len(parse(another(first)).rates) == 2
    else:
        with pytest.raises(ValueError, match="x: "):
            parse(another(first))


def test_bands_side_by_side_do_not_collide() -> None:
    bounded = ONE.replace('unit = "AZN"', 'unit = "AZN"\nup_to = 100')
    rest = (
        another(date(2026, 2, 1), "above = 100").partition("[[rate]]")[2].partition("[[rate]]")[2]
    )
    assert len(parse(f"{bounded}[[rate]]{rest}").rates) == 2


def test_a_rate_holds_on_its_first_and_last_day_and_not_around_them() -> None:
    (rate,) = parse(ONE).rates
    day = timedelta(days=1)
    assert rate.holds_on(rate.valid_from)
    assert not rate.holds_on(rate.valid_from - day)
    assert rate.valid_until
    assert rate.holds_on(rate.valid_until)
    assert not rate.holds_on(rate.valid_until + day)
