"""The analysts' report: each question with its answer, its picture and its SQL, in one HTML page.

The page needs no network and runs no script. What is drawn is what the views of the questions
hold; the first rows are shown as a table, all of them come with ``qovsaq export``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any, LiteralString

from hub.agency.dictionary import SCHEMA, Chart, View, columns_of, dictionary
from hub.store.database import Row, Transaction
from hub.store.statements import compose, listed

_READ: LiteralString = "SELECT * FROM {view} ORDER BY {key}"
_SQL = "SELECT pg_get_viewdef(%s::regclass, true) AS sql"
_ROWS, _BARS = 40, 24
_LEFT, _WIDTH, _BAR, _GAP = 240, 420, 16, 6
_COLOURS = ("#2f6690", "#d1603d", "#81a88d", "#8d6b94", "#c9a227", "#5f6b6d")

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1d2529; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-top: 1px solid #ccd;
  padding-top: 1rem }
p.az { color: #55606a; margin-top: -.6rem } table { border-collapse: collapse; font-size: .9rem }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #e3e6ea; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums } summary { cursor: pointer }
pre { background: #f5f6f8; padding: .8rem; overflow-x: auto; font-size: .8rem }
svg text { font: 12px system-ui, sans-serif; fill: #1d2529 }
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, the rows that answer it, and the SQL that found them."""

    name: str
    view: View
    rows: Sequence[Row]
    sql: str


def questions() -> Mapping[str, View]:
    """The views that answer a question."""
    return {name: view for name, view in dictionary().views.items() if view.question}


def answer(tx: Transaction, name: str) -> Answer:
    """Answer one question now."""
    view, table = dictionary().views[name], (SCHEMA, name)
    rows = tx.rows(compose(_READ, view=table, key=listed(view.key)))
    (told,) = tx.rows(_SQL, [f"{SCHEMA}.{name}"])
    return Answer(name, view, rows, told["sql"])


def page(answers: Iterable[Answer], now: datetime) -> str:
    """Render the report; ``now`` (aware) is when it was made."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Qovşaq: analysis</title><style>{_STYLE}</style>",
        "<h1>What the registry says</h1>",
        f"<p>As of {now:%Y-%m-%d %H:%M} UTC. Facts as the sources gave them; counts of fewer than ",
        f"{dictionary().smallest_cell} persons are not shown in statistics.</p>",
        *(_section(each) for each in answers),
        "</html>\n",
    ]
    return "\n".join(parts)


def _section(told: Answer) -> str:
    view = told.view
    more = len(told.rows) - _ROWS
    left_out = f"<p>{more:,} more: <code>qovsaq export {told.name}</code></p>" if more > 0 else ""
    return (
        f"<h2 id='{told.name}'>{escape(view.question or view.en)}</h2>"
        f"<p class='az'>{escape(view.az)} (clause {view.clause})</p>"
        f"{_bars(told.rows, view.chart) if view.chart else ''}"
        f"{_table(told)}{left_out}"
        f"<details><summary>SQL</summary><pre>{escape(told.sql)}</pre></details>"
    )


def _table(told: Answer) -> str:
    if not told.rows:
        return "<p>Nothing.</p>"
    columns = columns_of(told.view)
    head = "".join(f"<th title='{escape(c.az)}'>{escape(name)}</th>" for name, c in columns.items())
    body = "".join(
        "<tr>" + "".join(_cell(row[name]) for name in columns) + "</tr>"
        for row in told.rows[:_ROWS]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return f"<td{' class=n' if number else ''}>{escape(_text(value))}</td>"


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case _:
            return str(value)


def _bars(rows: Sequence[Row], chart: Chart) -> str:
    """Draw one bar for each label and series, the longest first."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (str(row[chart.label]), str(row[chart.series]) if chart.series else "")
        sums[key] = sums.get(key, Decimal(0)) + abs(Decimal(row[chart.value] or 0))
    ranked = sorted(sums.items(), key=lambda bar: (-bar[1], bar[0]))[:_BARS]
    if not ranked or not ranked[0][1]:
        return ""
    series = sorted({name for (_, name), _ in ranked})
    height = len(ranked) * (_BAR + _GAP)
    drawn = (
        _bar(place * (_BAR + _GAP), key, value, ranked[0][1], _COLOURS[series.index(key[1]) % 6])
        for place, (key, value) in enumerate(ranked)
    )
    title = f"<title>{escape(chart.value)} by {escape(chart.label)}</title>"
    size = f"width='{_LEFT + _WIDTH + 130}' height='{height}'"
    return f"<svg role='img' {size}>{title}{''.join(drawn)}</svg>"


def _bar(y: int, key: tuple[str, str], value: Decimal, longest: Decimal, colour: str) -> str:
    width = max(int(_WIDTH * value / longest), 1)
    label = ", ".join(part for part in key if part)
    return (
        f"<text x='{_LEFT - 8}' y='{y + 13}' text-anchor='end'>{escape(label)}</text>"
        f"<rect x='{_LEFT}' y='{y}' width='{width}' height='{_BAR}' fill='{colour}'/>"
        f"<text x='{_LEFT + width + 6}' y='{y + 13}'>{_text(value)}</text>"
    )
