"""``qovsaq agency add|list|declare|rewind|remove`` and ``qovsaq changes``."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.agency import changes as feed
from hub.agency import systems
from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings, transaction
from hub.settings import Settings
from routing import control
from routing.keys import agency_queue
from routing.topology import Queue, Topology

app = typer.Typer(no_args_is_help=True, help="The Agency's own systems and what they read.")

Name = Annotated[str, typer.Argument(help="The system's name; its queue is agency.NAME.")]
Pattern = Annotated[
    list[str],
    typer.Option("--pattern", help="Topic pattern over CATEGORY.RECORD.vN.MINISTRY; repeatable."),
]
Purpose = Annotated[str, typer.Option("--purpose", help="What the data are needed for.")]


@app.command()
def add(
    name: Name,
    pattern: Pattern,
    purpose: Purpose,
    from_now: Annotated[
        bool, typer.Option("--from-now", help="Leave out what the registry holds already.")
    ] = False,
) -> None:
    """Add a system and its queue; it is served from the first change on."""
    settings = command_settings()
    with answering(), transaction(settings, "agency") as tx:
        token, now = token_of(settings), utc_now()
        systems.add(tx, token, name, pattern, purpose, now, from_now=from_now)
        _declare(settings, [name])
    typer.echo(f"{name} reads {agency_queue(name)}")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the systems and how far each has come."""
    with transaction(command_settings(), "agency") as tx:
        rows = systems.known(tx)
    if as_json:
        show_json(rows)
        return
    head = ("Name", "Patterns", "Purpose", "Served", "Position")
    shown = [
        (r["name"], " ".join(r["patterns"]), r["purpose"], r["served_at"] or "", r["position"])
        for r in rows
    ]
    show_table("Systems of the Agency", head, shown, numbers=1)


@app.command()
def declare() -> None:
    """Make the queues of all systems, where they are missing."""
    settings = command_settings()
    with transaction(settings, "agency") as tx:
        names = [row["name"] for row in systems.known(tx)]
    _declare(settings, names)
    typer.echo(f"{len(names)} queues are there")


@app.command()
def rewind(
    name: Name,
    to: Annotated[int, typer.Option("--to", min=0, help="Serve again what came after this.")],
) -> None:
    """Serve a system again from a position; it drops what it has by the ids."""
    settings = command_settings()
    with answering(), transaction(settings, "agency") as tx:
        systems.rewind(tx, token_of(settings), name, to, utc_now())
    typer.echo(f"{name} is served again from after {to}")


@app.command()
def remove(name: Name) -> None:
    """Serve a system no longer; its queue stays, with what is in it."""
    settings = command_settings()
    with answering(), transaction(settings, "agency") as tx:
        systems.remove(tx, token_of(settings), name, utc_now())
    typer.echo(f"{name} is not served any more")


def changes(
    after: Annotated[int, typer.Option("--after", min=0, help="The last position seen.")] = 0,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many.")] = 100,
) -> None:
    """Print changes of the registry, one JSON line each, in the order of commits."""
    settings = command_settings()
    with answering(), transaction(settings, "agency") as tx:
        page = feed.page(tx, token_of(settings), after, most, utc_now())
    for line in page.lines():
        typer.echo(line)


def _declare(settings: Settings, names: list[str]) -> None:
    url = required(settings.broker_url, "QOVSAQ_BROKER_URL")
    control.declare(url, Topology(queues=tuple(Queue(agency_queue(name)) for name in names)))
