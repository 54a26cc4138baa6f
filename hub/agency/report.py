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

from hub.agency.dictionary import SCHEMA, View, columns_of, dictionary
from hub.agency.picture import bars
from hub.store.database import Row, Transaction
from hub.store.statements import compose, listed

_READ: LiteralString = "SELECT * FROM {view} ORDER BY {key}"
_SQL = "SELECT pg_get_viewdef(%s::regclass, true) AS sql"
_ROWS = 20

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1d2529; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-top: 1px solid #ccd;
  padding-top: 1rem }
p.az, p.unit { color: #55606a; margin-top: -.6rem }
table { border-collapse: collapse; font-size: .9rem }
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
        f"{bars(told.rows, view.chart) if view.chart else ''}"
        f"{_table(told)}{left_out}"
        f"<details><summary>SQL</summary><pre>{escape(told.sql)}</pre></details>"
    )


def _table(told: Answer) -> str:
    if not told.rows:
        return "<p>Nothing.</p>"
    columns = columns_of(told.view)
    head = "".join(f"<th title='{escape(c.az)}'>{escape(name)}</th>" for name, c in columns.items())
    body = "".join(
        "<tr>" + "".join(_cell(row[name]) for name in columns) + "</tr>" for row in _first(told)
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _first(told: Answer) -> Sequence[Row]:
    """The rows that are shown: what is drawn by size is listed by size."""
    chart = told.view.chart
    if chart is None or chart.ordered == "label":
        return told.rows[:_ROWS]
    size = chart.values[0]
    return sorted(told.rows, key=lambda row: -abs(Decimal(row[size] or 0)))[:_ROWS]


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
