"""``qovsaq ledger``: the custody statement."""

from __future__ import annotations

import typer

from hub import bootstrap
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence.ledger import SETTLED, Statement


def ledger(as_json: AsJson = False) -> None:
    """Show, per ministry, what became of every record; status 1 if any is unaccounted for."""
    hub = bootstrap.build(command_settings())
    statement = hub.ledger()
    if as_json:
        show_json(statement.as_dict())
    else:
        show_statement(statement)
    raise typer.Exit(Exit.OK if statement.balanced else Exit.NO)


def show_statement(statement: Statement) -> None:
    """Print the account as a table, with what is out of order in words below it."""
    states = [str(state) for state in SETTLED]
    rows = [
        (
            line.ministry,
            line.messages,
            line.received,
            *(line.settled.get(state, 0) for state in SETTLED),
            line.in_flight,
            line.unaccounted,
            line.again,
        )
        for line in statement.lines
    ]
    total = ("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    head = ("Ministry", "Messages", "Received", *states, "in flight", "unaccounted", "again")
    title = f"Ledger, {statement.at:%Y-%m-%d %H:%M:%S %Z}"
    show_table(title, head, [*rows, total], numbers=len(head) - 1)
    if not statement.balanced:
        typer.echo(f"{statement.unaccounted} records are unaccounted for", err=True)
