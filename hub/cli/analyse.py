"""``qovsaq analyse``: the analysts' questions, as tables, as JSON or as one page with pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.agency import report
from hub.agency.dictionary import columns_of
from hub.agency.report import Answer
from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.store.database import Database


def analyse(
    question: Annotated[
        str | None, typer.Argument(help="Name of one question; without it, all of them.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer what analysts ask: premiums, gaps, totals, goods, coverage, freshness."""
    settings = command_settings()
    names = list(report.questions())
    if question and question not in names:
        raise typer.BadParameter(f"one of: {', '.join(names)}")
    wanted, now = [question] if question else names, utc_now()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq analyse")
    try:
        with answering(), database.transaction() as tx:
            by = operators.authenticate(tx, token_of(settings)).name
            answers = [report.answer(tx, name) for name in wanted]
            audit.record(tx, Act(by, "analysed", "views:analysis", detail={"asked": wanted}), now)
    finally:
        database.close()
    if html:
        html.write_text(report.page(answers, now), encoding="utf-8")
        typer.echo(f"{html}: {len(answers)} questions answered")
    elif as_json:
        show_json({each.name: _plain(each) for each in answers})
    else:
        for each in answers:
            rows = [tuple(row.values()) for row in each.rows[:40]]
            show_table(each.view.question or each.name, list(columns_of(each.view)), rows)


def _plain(told: Answer) -> list[dict[str, object]]:
    return [{name: _value(value) for name, value in row.items()} for row in told.rows]


def _value(value: object) -> object:
    return value if isinstance(value, int | None) else str(value)
