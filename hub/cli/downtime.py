"""``qovsaq downtime list|announce|explain|report``; ``qovsaq pause|resume``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from connectors._kit.discover import discover
from hub.bootstrap import utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings, transaction
from hub.delivery import subscribers
from hub.evidence import operators
from hub.evidence.downtime import register
from hub.evidence.downtime.register import Kind, Window
from hub.evidence.downtime.statement import BAKU, bounds, state
from hub.settings import Settings
from hub.store.database import Transaction

app = typer.Typer(no_args_is_help=True, help="The register of what was down, and why.")

_MINUTES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")
Source = Annotated[str, typer.Option(help="A ministry; empty: everybody.")]
AsSubscriber = Annotated[
    bool, typer.Option("--subscriber", help="It is the subscriber, where a ministry is so named.")
]
Cause = Annotated[str, typer.Option(help="Why; it stands in statements.")]


@app.command(name="list")
def list_(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days back.")] = 31,
    as_json: AsJson = False,
) -> None:
    """List what was or is down, and announced windows to come."""
    now = utc_now()
    with transaction(command_settings(), "downtime") as tx:
        rows = register.entries(tx, now - timedelta(days=days), now + timedelta(days=366))
    if as_json:
        show_json(rows)
        return
    shown = [
        (r["downtime_id"], r["kind"], r["component"], r["source"] or "everybody",
         _shown(r["began_at"]), _shown(r["ended_at"]), r["cause"], r["responsible"] or "",
         r["remark"] or "")
        for r in rows
    ]  # fmt: skip
    head = ("No.", "Kind", "Component", "Affected", "From", "To", "Cause", "Responsible", "Remarks")
    show_table("Downtime (times of Baku)", head, shown)


@app.command()
def announce(
    component: Annotated[str, typer.Argument(help="What: hub, broker, database or service.")],
    begin: Annotated[datetime, typer.Option("--from", formats=list(_MINUTES), help="In Baku.")],
    end: Annotated[datetime, typer.Option("--until", formats=list(_MINUTES), help="In Baku.")],
    cause: Cause,
    source: Source = "",
) -> None:
    """Announce a window: alerts it explains are silent, and its service is not polled."""
    if source:
        _known(source)
    window = Window(Kind.PLANNED, component, source, _baku(begin), _baku(end), cause)
    with _operator(command_settings()) as (tx, name):
        number = register.hold(tx, window, name, utc_now())
    typer.echo(f"announced under number {number}")


@app.command()
def explain(
    number: Annotated[int, typer.Argument(help="Number of the entry.")],
    cause: Annotated[str | None, typer.Option(help="What it really was.")] = None,
    responsible: Annotated[str | None, typer.Option(help="Body that answers for it.")] = None,
    remark: Annotated[str | None, typer.Option(help="Whatever else should be known.")] = None,
) -> None:
    """Add cause, responsible body or a remark to an entry; nothing that was said is taken away."""
    if cause is None and responsible is None and remark is None:
        raise typer.BadParameter("say a cause, who is responsible, or a remark")
    with _operator(command_settings()) as (tx, name):
        register.explain(
            tx, number, name, utc_now(), cause=cause, responsible=responsible, remark=remark
        )
    typer.echo(f"noted for number {number}")


@app.command()
def report(
    ministry: Annotated[str, typer.Argument(help="Whose statement.")],
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="Month, 2026-03.")],
    out: Annotated[
        Path | None, typer.Option(help="File, .html or .csv; without it CSV is printed.")
    ] = None,
) -> None:
    """Draw up the monthly statement of one ministry, with its availability."""
    _known(ministry)
    with transaction(command_settings(), "downtime") as tx:
        rows = register.entries(tx, *bounds(month))
    statement = state(rows, ministry, month, utc_now())
    html = out is not None and out.suffix == ".html"
    text = statement.as_html() if html else statement.as_csv()
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    typer.echo(f"{out}: availability {statement.availability:.4%}")


def pause(
    name: Annotated[str, typer.Argument(help="A ministry or a subscriber.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in statements.")],
    subscriber: AsSubscriber = False,
) -> None:
    """Take nothing of a ministry, or deliver nothing to a subscriber, until it is resumed.

    What comes meanwhile waits. Running processes hold within seconds.
    """
    now = utc_now()
    with _operator(command_settings()) as (tx, author):
        component = _component(tx, name, subscriber=subscriber)
        window = Window(Kind.PAUSE, component, name, now, None, reason)
        number = register.pause(tx, window, author, now)
    typer.echo(f"{name} is paused, number {number}")


def resume(
    name: Annotated[str, typer.Argument(help="The ministry or subscriber.")],
    reason: Annotated[str, typer.Option(help="Why now.")],
    subscriber: AsSubscriber = False,
) -> None:
    """End a pause; status 1 if there is none."""
    with _operator(command_settings()) as (tx, author):
        component = _component(tx, name, subscriber=subscriber)
        ended = register.resume(tx, component, name, author, reason, utc_now())
    typer.echo(f"{name} goes on" if ended else f"{name} was not paused", err=not ended)
    raise typer.Exit(Exit.OK if ended else Exit.NO)


def _component(tx: Transaction, name: str, *, subscriber: bool) -> str:
    """Tell what a name stands for; a ministry where it could be both and nobody says else."""
    if not subscriber and name in discover():
        return register.SERVICE
    if subscribers.find(tx, name) is None:
        raise typer.BadParameter(f"there is no ministry and no subscriber named {name}")
    return register.DELIVERY


def _known(ministry: str) -> None:
    if ministry not in discover():
        raise typer.BadParameter(f"there is no ministry named {ministry}")


@contextmanager
def _operator(settings: Settings) -> Iterator[tuple[Transaction, str]]:
    with answering(), transaction(settings, "downtime") as tx:
        yield tx, operators.authenticate(tx, token_of(settings)).name


def _baku(moment: datetime) -> datetime:
    return moment.replace(tzinfo=BAKU)


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone(BAKU):%Y-%m-%d %H:%M:%S}" if moment else ""
