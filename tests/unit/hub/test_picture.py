"""The report's pictures: nothing is added up that is not of a kind; what is left out is said."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hub.agency.dictionary import Chart, dictionary
from hub.agency.picture import MOST_BARS, bars

MONTHS = Chart(
    label="period", values=("amount",), series=("role", "stage"), unit="AZN", ordered="label"
)


def row(period: str, amount: int, stage: str = "calculated") -> dict[str, Any]:
    return {"period": period, "role": "goods", "stage": stage, "amount": Decimal(amount)}


def texts(drawn: str) -> list[str]:
    return re.findall(r"<text[^>]*>(.*?)</text>", drawn)


def test_calculated_and_paid_have_bars_of_their_own_and_a_legend_tells_them_apart() -> None:
    drawn = bars(
        [row("2026-01", 30), row("2026-01", 20, "paid"), row("2026-01", 5, "paid")], MONTHS
    )
    assert texts(drawn) == ["goods, calculated", "goods, paid", "2026-01", "30", "25"]
    assert len(set(re.findall(r"fill='(#\w+)'", drawn))) == 2
    assert "In AZN." in drawn


def test_two_columns_of_one_row_stand_side_by_side() -> None:
    chart = Chart(label="goods", values=("calculated", "paid"), unit="AZN")
    drawn = bars([{"goods": "beer", "calculated": 3, "paid": 2}], chart)
    assert texts(drawn) == ["calculated", "paid", "beer", "3", "2"]


def test_time_runs_on_and_of_many_periods_the_last_are_drawn() -> None:
    rows = [row(f"{year}-01", year % 7 + 1) for year in range(1900, 1900 + 2 * MOST_BARS)]
    drawn = bars(rows[::-1], MONTHS)
    periods = [text for text in texts(drawn) if "-01" in text]
    assert periods == sorted(periods)
    assert periods[-1] == rows[-1]["period"]
    assert f"; the last {MOST_BARS} of {2 * MOST_BARS}." in drawn


def test_by_size_the_largest_come_first() -> None:
    chart = Chart(label="payer", values=("n",), unit="persons")
    drawn = bars([{"payer": f"p{n:03}", "n": n} for n in range(1, 100)], chart)
    assert texts(drawn)[:2] == ["p099", "99"]
    assert f"; the largest {MOST_BARS} of 99." in drawn


def test_of_nothing_nothing_is_drawn() -> None:
    assert bars([], MONTHS) == bars([row("2026-01", 0)], MONTHS) == ""


def test_every_chart_names_columns_of_its_view_and_keeps_apart_what_is_not_of_a_kind() -> None:
    for view in dictionary().views.values():
        if view.chart:
            named = {view.chart.label, *view.chart.values, *view.chart.series}
            assert named <= view.columns.keys()
    premiums = dictionary().views["analysis_premiums"].chart
    assert premiums is not None
    assert "stage" in premiums.series
