"""``qovsaq ledger``: the custody statement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hub import bootstrap, outbound
from hub.bootstrap import Hub
from hub.cli.accounts import show_lines
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence import outcomes
from hub.evidence.ledger import SETTLED, Statement
from hub.simulator.account import RECORDS, differences, expected_records

_SHOWN = 20


def ledger(
    sent: Annotated[
        Path | None,
        typer.Option(help="Folder with a simulator's account to compare with, record by record."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show, per ministry, what became of every record; status 1 if any is unaccounted for.

    With an account of what was sent, status 1 also where the two differ.
    """
    hub = bootstrap.build(command_settings())
    statement = hub.ledger()
    delivered = outbound.custody(hub)
    compared = None if sent is None else _differences(hub, sent)
    if as_json:
        account = statement.as_dict() | {"subscribers": [line.as_dict() for line in delivered]}
        show_json(account | ({} if compared is None else {"differences": compared}))
    else:
        show_statement(statement)
        if delivered:
            show_lines(delivered)
        show_differences(compared)
    hub.bus.close()
    balanced = statement.balanced and all(line.balanced for line in delivered)
    raise typer.Exit(Exit.OK if balanced and not compared else Exit.NO)


def _differences(hub: Hub, folder: Path) -> list[str]:
    """Compare with an account; what others sent to the same hub is left out."""
    if not (folder / RECORDS).is_file():
        raise typer.BadParameter(f"{folder} holds no account of what was sent")
    theirs = {(line["ministry"], _plain(line["message_id"])) for line in expected_records(folder)}
    database = hub.database("ledger")
    try:
        with database.transaction() as tx:
            rows = outcomes.outcomes(tx)
            mine = (r for r in rows if (r["ministry"], _plain(r["message_id"])) in theirs)
            return differences(expected_records(folder), mine)
    finally:
        database.close()


def _plain(message_id: str) -> str:
    """Strip what the journal adds to the id of a second body."""
    return message_id.partition("#")[0]


def show_differences(found: Sequence[str] | None) -> None:
    """Print where ledger and account differ, the first few by name."""
    if found is None:
        return
    for line in found[:_SHOWN]:
        typer.echo(f"  differs: {line}")
    if len(found) > _SHOWN:
        typer.echo(f"  ... and {len(found) - _SHOWN:,} more")
    typer.echo("The ledger differs from what was sent." if found else "It equals what was sent.")


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
