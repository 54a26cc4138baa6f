"""``qovsaq``: the commands, and what happens when one fails."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import structlog
import typer

from hub import logs
from hub.cli import (
    agency,
    analyse,
    audit,
    backup,
    capacity,
    check,
    connectors,
    contracts,
    custody,
    dead_letters,
    demo,
    disclosures,
    doctor,
    downtime,
    drill,
    export,
    facts,
    grants,
    ledger,
    load,
    migrate,
    ministries,
    notices,
    operators,
    person,
    quality,
    readers,
    requests,
    retention,
    run,
    search,
    simulate,
    subscribers,
    top,
    topology,
    trace,
)
from hub.cli.ending import Commands, Exit

_log = structlog.get_logger()

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Qovşaq: six ministries' messages become registry records, every one accounted for.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qovsaq {version('qovsaq')}")
        raise typer.Exit


@app.callback()
def qovsaq(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Settings come from the environment, prefix QOVSAQ_; the README lists them all."""


app.command()(demo.demo)
app.command()(migrate.migrate)
app.add_typer(topology.app, name="topology")
app.command()(doctor.doctor)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(top.top)
app.command()(run.run)
app.command()(simulate.simulate)
app.command()(ledger.ledger)
app.command()(custody.custody)
app.command()(capacity.capacity)
app.command()(person.person)
app.command()(trace.trace)
app.command()(disclosures.disclosures)
app.command()(quality.quality)
app.command()(check.check)
app.command()(load.load)
app.command()(connectors.connectors)
app.command()(agency.changes)
app.command()(export.export)
app.command()(analyse.analyse)
app.command()(search.search)
app.add_typer(agency.app, name="agency")
app.add_typer(facts.app, name="facts")
app.add_typer(readers.app, name="readers")
app.add_typer(requests.app, name="requests")
app.add_typer(contracts.app, name="contracts")
app.add_typer(downtime.app, name="downtime")
app.add_typer(drill.app, name="drill")
app.command()(downtime.pause)
app.command()(downtime.resume)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(notices.app, name="notices")
app.add_typer(operators.app, name="operators")
app.add_typer(ministries.app, name="ministries")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(grants.app, name="grants")
app.add_typer(retention.app, name="retention")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Run the command line; a failure nobody foresaw is logged, masked, and ends with 70."""
    logs.configure("warning", "console")
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        _log.exception("unforeseen failure")
        typer.echo(f"qovsaq: unforeseen {type(error).__name__}; see the log above", err=True)
        sys.exit(Exit.BUG)
