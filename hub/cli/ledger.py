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
    anew: Annotated[
        bool,
        typer.Option(
            help="Count what rests again, too, and compare with what was carried forward."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show, per ministry, what became of every record; status 1 if any is unaccounted for.

    With an account of what was sent, status 1 also where the two differ. What has come to rest is
    carried forward from when it was counted, unless all is counted anew.
    """
    hub = bootstrap.build(command_settings())
    statement = hub.ledger(anew=anew)
    delivered = outbound.custody(hub, anew=anew)
    compared = None if sent is None else _differences(hub, sent)
    pages = outbound.differences(hub) if anew else None
    if as_json:
        account = statement.as_dict() | {"subscribers": [line.as_dict() for line in delivered]}
        more = {"differences": compared, "pages": pages}
        show_json(account | {name: found for name, found in more.items() if found is not None})
    else:
        show_statement(statement)
        if delivered:
            show_lines(delivered)
        show_differences(compared)
        _show(pages, "Closed pages differ from what was counted.", "Closed pages agree.")
    hub.bus.close()
    balanced = statement.balanced and all(line.balanced for line in delivered)
    raise typer.Exit(Exit.OK if balanced and not compared and not pages else Exit.NO)


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
    _show(found, "The ledger differs from what was sent.", "It equals what was sent.")


def _show(found: Sequence[str] | None, some: str, none: str) -> None:
    if found is None:
        return
    for line in found[:_SHOWN]:
        typer.echo(f"  differs: {line}")
    if len(found) > _SHOWN:
        typer.echo(f"  ... and {len(found) - _SHOWN:,} more")
    typer.echo(some if found else none)


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
