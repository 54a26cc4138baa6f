"""``qovsaq topology declare|show|check``."""

from __future__ import annotations

from dataclasses import asdict

import typer

from connectors._kit.discover import discover
from hub.bootstrap import required
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.settings import Settings
from routing import control, keys
from routing.topology import Topology
from routing.topology import topology as lay_out

app = typer.Typer(no_args_is_help=True, help="The exchanges and queues on the broker.")


@app.command()
def declare() -> None:
    """Create what is missing; a queue that exists with other arguments is an error."""
    settings = command_settings()
    wanted = _wanted(settings)
    control.declare(_broker(settings), wanted)
    typer.echo(f"{len(wanted.exchanges)} exchanges and {len(wanted.queues)} queues are there")


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show what this release needs; the broker is not asked."""
    wanted = _wanted(command_settings())
    if as_json:
        show_json(asdict(wanted))
        return
    exchanges = [(e.name, e.kind, e.alternate or "") for e in wanted.exchanges]
    show_table("Exchanges", ("Name", "Kind", "Alternate"), exchanges)
    sources: dict[str, list[str]] = {}
    for binding in wanted.bindings:
        sources.setdefault(binding.queue, []).append(f"{binding.exchange} {binding.key}".strip())
    queues = [
        (q.name, ", ".join(sources.get(q.name, [])), q.dead_letter.routing_key or "its own key")
        if q.dead_letter
        else (q.name, ", ".join(sources.get(q.name, [])), "")
        for q in wanted.queues
    ]
    show_table("Queues", ("Name", "Bound to", "Dead letters go to"), queues)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the broker with what this release needs; status 1 if they differ."""
    settings = command_settings()
    drifts = list(control.check(_broker(settings), _wanted(settings)))
    if as_json:
        show_json({"agrees": not drifts, "drifts": [asdict(drift) for drift in drifts]})
    elif drifts:
        for drift in drifts:
            typer.echo(str(drift))
    else:
        typer.echo("the broker has what this release needs")
    raise typer.Exit(Exit.NO if drifts else Exit.OK)


def _wanted(settings: Settings) -> Topology:
    return lay_out(discover(), keys.LANES, settings.rungs())


def _broker(settings: Settings) -> str:
    return required(settings.broker_url, "QOVSAQ_BROKER_URL")
