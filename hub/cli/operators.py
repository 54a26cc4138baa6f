"""``qovsaq operators add|list|revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.bootstrap import utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings, transaction
from hub.evidence import operators
from hub.store.database import Row

app = typer.Typer(no_args_is_help=True, help="Who may work at the desk and on grants.")

Name = Annotated[str, typer.Argument(help="The operator's name, for all time.")]


@app.command()
def add(
    name: Name,
    masked: Annotated[
        bool, typer.Option("--masked", help="Sees how records fare, not whom they are about.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Issue a token, shown once. The first needs only the database; later ones an operator."""
    settings = command_settings()
    with answering(), transaction(settings, "operators") as tx:
        token = operators.add(tx, name, token_of(settings), utc_now(), masked=masked)
    if as_json:
        show_json({"name": name, "token": token})
        return
    typer.echo(token)
    typer.echo(f"qovsaq: {name} sets this as QOVSAQ_OPERATOR_TOKEN; it is shown once", err=True)


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List all operators there ever were."""
    with transaction(command_settings(), "operators") as tx:
        rows = operators.known(tx)
    if as_json:
        show_json(rows)
        return
    shown = [
        (row["name"], row["issued_by"] or "", f"{row['issued_at']:%Y-%m-%d}", *_standing(row))
        for row in rows
    ]
    show_table("Operators", ("Name", "Issued by", "Since", "Sees", "Revoked"), shown)


@app.command()
def revoke(name: Name) -> None:
    """Make an operator's token worthless at once, also for a replay that is running."""
    settings = command_settings()
    with answering(), transaction(settings, "operators") as tx:
        operators.revoke(tx, name, token_of(settings), utc_now())
    typer.echo(f"{name} can no longer act")


def _standing(row: Row) -> tuple[str, str]:
    revoked = f"{row['revoked_at']:%Y-%m-%d} by {row['revoked_by']}" if row["revoked_at"] else ""
    return "masked" if row["masked"] else "all", revoked
