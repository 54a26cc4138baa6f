"""``qovsaq quality``: what disagrees, per ministry and rule, and how fresh each source is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from connectors._kit.discover import discover
from hub.bootstrap import required, utc_now
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence import rules
from hub.evidence.findings import Wanted
from hub.metrics import Metrics
from hub.quality.opening import quality_round
from hub.quality.report import Report, draw_up
from hub.store.database import Database


def quality(
    ministry: Annotated[str | None, typer.Option(help="Only what is about this ministry.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only what was found or resolved since (UTC).")
    ] = None,
    look: Annotated[
        bool, typer.Option("--look", help="Look now; do not wait for the worker's next round.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show findings and freshness as of the last round; status 1 if any error is open."""
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    if rule is not None and rule not in rules.CATALOGUE:
        raise typer.BadParameter(f"no such rule; there are {', '.join(rules.CATALOGUE)}")
    wanted = Wanted(ministry, rule, since.replace(tzinfo=UTC) if since else None)
    database = Database(url, application_name="qovsaq quality")
    try:
        if look:
            quality_round(settings, discover(), database, Metrics()).step(utc_now())
        with database.transaction() as tx:
            report = draw_up(tx, wanted)
    finally:
        database.close()
    if as_json:
        show_json(report.as_dict())
    else:
        _show(report)
    raise typer.Exit(Exit.NO if report.errors else Exit.OK)


def _show(report: Report) -> None:
    found = [
        (t.ministry, t.rule, rules.severity(t.rule), t.open, t.resolved, t.noted)
        for t in report.tallies
    ]
    head = ("Ministry", "Rule", "Severity", "open", "resolved", "noted")
    when = f"{report.at:%Y-%m-%d %H:%M:%S %Z}" if report.at else "never looked at"
    show_table(f"Findings, {when}", head, found, numbers=3)
    if report.places:
        where = [(p.ministry, p.rule, p.record_type, p.place, p.amount) for p in report.places]
        columns = ("Ministry", "Rule", "Record", "Day or numbers", "amount")
        show_table("Where", columns, where, numbers=1)
    fresh = [
        (f.ministry, f.record_type, _day(f.occurred_at), _day(f.received_at)) for f in report.fresh
    ]
    show_table("Freshness", ("Ministry", "Record", "Last change", "Last received"), fresh)


def _day(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if instant else ""
