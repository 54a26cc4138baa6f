"""``qovsaq simulate``: synthetic ministries publish to the configured broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from hub import bootstrap
from hub.cli.demo import Faults, Seed
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.demo import START
from hub.simulator.account import Account
from hub.simulator.ministries import MINISTRIES
from hub.simulator.publish import publish
from hub.simulator.stream import messages


def simulate(
    records: Annotated[int, typer.Option(min=1, max=100_000_000, help="Messages to send.")],
    ministry: Annotated[
        list[str] | None, typer.Option(help="Only this ministry; may be repeated.")
    ] = None,
    seed: Seed = 1,
    faults: Faults = 0.02,
    out: Annotated[Path, typer.Option(help="Folder for the account of what was sent.")] = Path(
        ".qovsaq/sent"
    ),
    as_json: AsJson = False,
) -> None:
    """Publish synthetic messages, and print and save the account of what was sent.

    `qovsaq ledger --sent FOLDER` compares the account with what became of each record.
    """
    settings = command_settings()
    names = tuple(ministry or MINISTRIES)
    if unknown := sorted(set(names) - set(MINISTRIES)):
        raise typer.BadParameter(f"no such ministry: {', '.join(unknown)}")
    bus = bootstrap.rabbit(settings)
    try:
        with Account(out) as account, Progress(console=Console(stderr=True)) as bars:
            task = bars.add_task("messages published", total=records)
            publish(
                messages(records, seed, faults, names, START),
                bus.publisher(),
                account,
                lambda count: bars.advance(task, count),
            )
    finally:
        bus.close()
    if as_json:
        show_json(account.summary())
    else:
        _show(account.summary(), out)


def _show(summary: dict[str, Any], out: Path) -> None:
    columns = ("messages", "distinct", "records", "accepted", "refused")
    rows = [
        (name, *(_total(tally[column]) for column in columns))
        for name, tally in summary["ministries"].items()
    ]
    total = ("all", *(summary[column] for column in columns))
    show_table("Sent", ("Ministry", *columns), [*rows, total], numbers=len(columns))
    typer.echo(f"the account is in {out}")


def _total(value: int | dict[str, int]) -> int:
    return value if isinstance(value, int) else sum(value.values())
