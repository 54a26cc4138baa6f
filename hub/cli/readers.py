"""``qovsaq readers grant|revoke|list|log``: database roles that read, each for a purpose."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.agency import readers
from hub.bootstrap import utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings, transaction

app = typer.Typer(no_args_is_help=True, help="Database roles that read, each for a purpose.")

Role = Annotated[str, typer.Argument(help="A role of the database.")]


@app.command()
def grant(
    role: Role,
    purpose: Annotated[str, typer.Option(help="docs/data-dictionary.md names the purposes.")],
) -> None:
    """Let a role read for one purpose, each reading on record; run it as the tables' owner."""
    settings = command_settings()
    with answering(), transaction(settings, "readers") as tx:
        readers.grant(tx, token_of(settings), role, purpose, utc_now())
    typer.echo(f"{role} reads through schema read_{purpose}, and nothing else")


@app.command()
def revoke(role: Role) -> None:
    """Let a role read no more; run it as the owner of the tables."""
    settings = command_settings()
    with answering(), transaction(settings, "readers") as tx:
        readers.revoke(tx, token_of(settings), role, utc_now())
    typer.echo(f"{role} reads nothing any more")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the roles that read."""
    with transaction(command_settings(), "readers") as tx:
        rows = readers.known(tx)
    if as_json:
        show_json(rows)
        return
    shown = [(r["role"], r["purpose"], r["added_by"], f"{r['added_at']:%Y-%m-%d}") for r in rows]
    show_table("Roles that read", ("Role", "Purpose", "Added by", "Since"), shown)


@app.command()
def log(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List readings, without whom they were of; that stands in the audit, under a keyed hash."""
    with transaction(command_settings(), "readers") as tx:
        rows = readers.log(tx, most)
    if as_json:
        show_json(rows)
        return
    shown = [
        (f"{r['opened_at']:%Y-%m-%d %H:%M}", r["role"], r["purpose"], r["view"], r["scope"],
         r["reason"])
        for r in rows
    ]  # fmt: skip
    show_table("Readings", ("Opened", "Role", "Purpose", "View", "Scope", "Reason"), shown)
