"""The pictures of the analysts' report: bars, grouped by label, coloured by series, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import accumulate
from typing import Any

from hub.agency.dictionary import Chart

MOST_BARS = 36
_LEFT, _WIDTH, _RIGHT, _BAR, _GAP, _LEGEND = 200, 460, 170, 15, 8, 22
_COLOURS = ("#2f6690", "#d1603d", "#81a88d", "#8d6b94", "#c9a227", "#5f6b6d")

Sums = Mapping[str, Mapping[str, Decimal]]


def bars(rows: Sequence[Mapping[str, Any]], chart: Chart) -> str:
    """Draw one bar for each label and series; what is left out of many labels is said below.

    In order of labels the last are drawn, else the largest. Nothing is drawn of nothing.
    """
    sums = _sums(rows, chart)
    series = sorted({name for of_label in sums.values() for name in of_label})
    longest = max((value for of in sums.values() for value in of.values()), default=Decimal(0))
    if not longest:
        return ""
    labels = _ordered(sums, chart)
    shown = _fitting(labels, sums, chart)
    drawn = "".join(_groups({label: sums[label] for label in shown}, series, longest))
    height = _LEGEND + sum(_height(sums[label]) for label in shown)
    title = f"<title>{escape(chart.unit)} by {escape(chart.label)}</title>"
    size = f"width='{_LEFT + _WIDTH + _RIGHT}' height='{height}'"
    return (
        f"<p class='unit'>In {escape(chart.unit)}{_left_out(len(labels), len(shown), chart)}.</p>"
        f"<svg role='img' {size}>{title}{_legend(series)}{drawn}</svg>"
    )


def _sums(rows: Sequence[Mapping[str, Any]], chart: Chart) -> Sums:
    sums: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        of_label = sums.setdefault(str(row[chart.label]), {})
        for column in chart.values:
            named = [str(row[name]) for name in chart.series]
            name = ", ".join([*named, column] if len(chart.values) > 1 else named)
            of_label[name] = of_label.get(name, Decimal(0)) + abs(Decimal(row[column] or 0))
    return sums


def _ordered(sums: Sums, chart: Chart) -> list[str]:
    if chart.ordered == "label":
        return sorted(sums)
    return sorted(sums, key=lambda label: (-max(sums[label].values()), label))


def _fitting(labels: Sequence[str], sums: Sums, chart: Chart) -> list[str]:
    """Those of the labels that are drawn, in order: as many as there is room for."""
    last = chart.ordered == "label"
    by_worth = labels[::-1] if last else labels
    bars_so_far = accumulate(len(sums[label]) for label in by_worth)
    room = sum(count <= MOST_BARS for count in bars_so_far) or 1
    fitting = list(by_worth[:room])
    return fitting[::-1] if last else fitting


def _groups(sums: Sums, series: Sequence[str], longest: Decimal) -> Iterator[str]:
    top = _LEGEND
    for label, of_label in sums.items():
        yield f"<text x='{_LEFT - 8}' y='{top + 12}' text-anchor='end'>{escape(label)}</text>"
        for place, name in enumerate(sorted(of_label)):
            y = top + place * _BAR
            yield _bar(y, of_label[name], longest, _colour(series.index(name)))
        top += _height(of_label)


def _bar(y: int, value: Decimal, longest: Decimal, colour: str) -> str:
    width = int(_WIDTH * value / longest) or 1
    return (
        f"<rect x='{_LEFT}' y='{y}' width='{width}' height='{_BAR - 2}' fill='{colour}'/>"
        f"<text x='{_LEFT + width + 6}' y='{y + 12}'>{value:,}</text>"
    )


def _legend(series: Sequence[str]) -> str:
    if len(series) < 2:  # noqa: PLR2004 - one colour tells nothing apart
        return ""
    drawn, left = "", _LEFT
    for place, name in enumerate(series):
        drawn += f"<rect x='{left}' y='2' width='11' height='11' fill='{_colour(place)}'/>"
        drawn += f"<text x='{left + 16}' y='12'>{escape(name)}</text>"
        left += 34 + 7 * len(name)
    return drawn


def _left_out(labels: int, shown: int, chart: Chart) -> str:
    if labels == shown:
        return ""
    which = "the last" if chart.ordered == "label" else "the largest"
    return f"; {which} {shown:,} of {labels:,}"


def _height(of_label: Mapping[str, Decimal]) -> int:
    return len(of_label) * _BAR + _GAP


def _colour(place: int) -> str:
    return _COLOURS[place % len(_COLOURS)]
