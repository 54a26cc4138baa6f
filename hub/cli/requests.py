"""``qovsaq requests open|list|show|forward|grant|refuse|lift``: what persons concerned ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from connectors._kit.discover import discover
from hub.agency import request_register
from hub.agency.request_register import RequestKind, RequestState
from hub.agency.requests import Requests
from hub.bootstrap import utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings, transaction
from hub.cli.viewing import Reason, as_seen, looking
from hub.evidence.declined import Declined
from hub.evidence.viewing import pseudonym
from schemas.identifiers import parse_fin

app = typer.Typer(no_args_is_help=True, help="Rectification and blocking, for persons concerned.")

Number = Annotated[int, typer.Argument(min=1, help="The request's number.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


@app.command(name="open")
def open_(
    fin: Annotated[str, typer.Option("--fin", help="FİN of the person concerned.")],
    kind: Annotated[RequestKind, typer.Option(help="What is asked for.")],
    asks: Annotated[str, typer.Option(help="In the person's words; kept beside the registry.")],
    as_json: AsJson = False,
) -> None:
    """Keep what a person concerned asks for."""
    identifier, _ = parse_fin(fin, command_settings().rules().namespaces)
    with _requests() as requests:
        made = requests.open(kind, identifier.urn, asks)
    if as_json:
        show_json({"request": made.request_id, "state": made.state})
    else:
        typer.echo(f"request {made.request_id} is {made.state}")


@app.command(name="list")
def list_(
    state: Annotated[RequestState | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: AsJson = False,
) -> None:
    """List requests, without whose they are and what they ask."""
    with transaction(command_settings(), "requests") as tx:
        rows = request_register.known(tx, state)
    if as_json:
        show_json(rows)
        return
    shown = [
        (row["request_id"], row["kind"], row["state"], f"{row['opened_at']:%Y-%m-%d}",
         row["opened_by"], f"{row['changed_at']:%Y-%m-%d}")
        for row in rows
    ]  # fmt: skip
    head = ("Request", "Kind", "State", "Opened", "By", "Changed")
    show_table("Requests of persons concerned", head, shown)


@app.command()
def show(number: Number, reason: Reason = None) -> None:
    """Show one request with whom it is of and every step; that you looked is kept."""
    with looking(command_settings(), "requests", reason) as (tx, viewer):
        if viewer.masked:
            raise Declined("operator-masked", "this operator may not see persons' data")
        row = request_register.show(tx, number)
        about = pseudonym(tx, row["subject"]) if row else f"request:{number}"
        outcome = "shown" if row else "not-known"
        viewer.looked(tx, "request-viewed", about, utc_now(), outcome=outcome)
    if row is None:
        typer.echo("qovsaq: there is no request of that number", err=True)
        raise typer.Exit(Exit.NO)
    show_json(as_seen(viewer, row))


@app.command()
def forward(
    number: Number,
    to: Annotated[str, typer.Option("--to", help="The ministry whose record it is.")],
    reason: Annotated[str, typer.Option("--reason", help="How it was told: letter, number.")],
) -> None:
    """Note that the source was told, which alone can correct its record."""
    with _requests() as requests:
        requests.forward(number, to, reason)
    typer.echo(f"request {number} is forwarded to {to}")


@app.command()
def grant(number: Number, reason: Why) -> None:
    """Grant a request; nothing that tells of whoever is blocked leaves from now on."""
    with _requests() as requests:
        requests.grant(number, reason)
    typer.echo(f"request {number} is granted")


@app.command()
def refuse(number: Number, reason: Why) -> None:
    """Refuse a request, and say why."""
    with _requests() as requests:
        requests.refuse(number, reason)
    typer.echo(f"request {number} is refused")


@app.command()
def lift(number: Number, reason: Why) -> None:
    """End a blocking."""
    with _requests() as requests:
        requests.lift(number, reason)
    typer.echo(
        f"request {number} is lifted; `qovsaq subscribers backfill` offers what was withheld"
    )


@contextmanager
def _requests() -> Iterator[Requests]:
    settings = command_settings()
    with answering(), transaction(settings, "requests") as tx:
        yield Requests(tx, token_of(settings), utc_now(), settings.four_eyes, discover().keys())
