"""``qovsaq demo``: the whole path on this machine, in minutes, with nothing to set up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.cli.display import AsJson, show_json
from hub.cli.ending import Exit
from hub.cli.ledger import show_differences, show_statement
from hub.cli.ready import command_settings
from hub.cli.signals import stop_on_signals
from hub.demo import Interrupted, Result, demonstrate
from hub.demo import Progress as Told

Records = Annotated[int, typer.Option(min=1, max=10_000_000, help="Messages to send.")]
Seed = Annotated[int, typer.Option(help="Equal seeds send equal messages.")]
Faults = Annotated[float, typer.Option(min=0, max=1, help="Share of irregular messages.")]


def demo(
    records: Records = 20_000, seed: Seed = 1, faults: Faults = 0.02, as_json: AsJson = False
) -> None:
    """Send synthetic messages of six ministries through the whole hub and settle the account.

    Everything runs in this process: an in-memory bus and a PostgreSQL server of its own.
    Status 0 only if the ledger balances and equals what was sent.
    """
    settings = command_settings()
    stop = threading.Event()
    stop_on_signals(stop)
    try:
        with _progress(records) as told:
            result = demonstrate(
                settings, records=records, seed=seed, faults=faults, stop=stop, progress=told
            )
    except Interrupted:
        typer.echo("qovsaq: interrupted; the embedded database was stopped and deleted", err=True)
        raise typer.Exit(Exit.NO) from None
    if as_json:
        show_json(result.as_dict())
    else:
        _show(result)
    raise typer.Exit(Exit.OK if result.agrees else Exit.NO)


@contextmanager
def _progress(records: int) -> Iterator[Told]:
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        published = bars.add_task("messages published", total=records)
        settled = bars.add_task("records with outcome", total=None)

        def told(messages: int, outcomes: int) -> None:
            bars.update(published, completed=messages)
            bars.update(settled, completed=outcomes)

        yield told


def _show(result: Result) -> None:
    show_statement(result.ledger)
    sent, delays = result.sent, result.delays
    typer.echo(
        f"The simulator sent {sent['messages']:,} messages ({sent['distinct']:,} distinct): "
        f"{sent['records']:,} records, {sent['accepted']:,} to accept, "
        f"{sent['refused']:,} to refuse."
    )
    show_differences(result.differences)
    typer.echo(
        f"{result.records_per_second:,.0f} records/s over {result.seconds:.1f} s; end to end, from "
        f"publish to outcome under full load: p50 {delays.p50:.2f} s, p99 {delays.p99:.2f} s."
    )
    typer.echo("Every record is accounted for." if result.agrees else "The account does NOT agree.")
