"""``qovsaq retention show|run``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.evidence import operators
from hub.evidence.retention import BODIES, RULES, Due, Retention
from hub.settings import Settings
from hub.store.database import Database
from routing.observer import Unobserved

app = typer.Typer(no_args_is_help=True, help="What goes after its time, and when.")


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show every period, and what is over; changes nothing."""
    settings = command_settings()
    with _retention(settings) as retention:
        due = retention.due(utc_now())
    _show(settings, due, as_json=as_json)


@app.command()
def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, like `show`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take away what is over, now; `qovsaq run relay` does so once a day by itself."""
    settings = command_settings()
    if dry_run:
        show(as_json)
        return
    with _retention(settings) as retention:
        with answering(), retention.database.transaction() as tx:
            if operators.any_active(tx):
                retention.actor = operators.authenticate(tx, token_of(settings)).name
            else:
                retention.actor = operators.CONSOLE
        gone = retention.go_round(utc_now())
    if as_json:
        show_json({"gone": gone})
    else:
        show_table("Retention", ("Kind", "Gone"), sorted(gone.items()), numbers=1)


@contextmanager
def _retention(settings: Settings) -> Iterator[Retention]:
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq retention")
    try:
        yield Retention(database, settings.retention.periods(), Unobserved())
    finally:
        database.close()


def _show(settings: Settings, due: list[Due], *, as_json: bool) -> None:
    if as_json:
        show_json({"periods": settings.retention.periods(), "due": [asdict(each) for each in due]})
        return
    over = {each.kind: each for each in due}
    rows = []
    for kind, days in settings.retention.periods().items():
        tables = ", ".join(rule.name for rule in RULES.get(kind, ())) or "evidence.journal_body"
        found = over.get(kind)
        amount = f"{found.amount:,} {'days' if kind == BODIES else 'rows'}" if found else ""
        needed = found.needed if found else 0
        kept = f"{needed:,} days hold open or parked records" if needed else ""
        rows.append((kind, tables, f"{days:,} days" if days else "for ever", amount, kept))
    show_table("Retention", ("Kind", "Of", "Period", "Over", "Stays all the same"), rows)
