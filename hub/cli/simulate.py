"""``qovsaq simulate``: synthetic ministries publish to the configured broker."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from connectors._kit.discover import discover
from hub import bootstrap
from hub.cli.demo import Faults, Seed
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.cli.signals import stop_on_signals
from hub.demo import START
from hub.simulator.account import Account
from hub.simulator.ministries import MINISTRIES
from hub.simulator.publish import publish
from hub.simulator.sent import Sent
from hub.simulator.soap_services import PollServer, PollService
from hub.simulator.stream import Stream, messages, stream
from routing.bus import Bus


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
    polls: Annotated[
        int | None,
        typer.Option(help="Serve the polled services on this port instead, until stopped."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish synthetic messages, and print and save the account of what was sent.

    `qovsaq ledger --sent FOLDER` compares the account with what became of each record.
    """
    settings = command_settings()
    names = tuple(ministry or MINISTRIES)
    if unknown := sorted(set(names) - set(MINISTRIES)):
        raise typer.BadParameter(f"no such ministry: {', '.join(unknown)}")
    with Account(out) as account:
        if polls is None:
            bus = bootstrap.rabbit(settings)
            _publish(bus, messages(records, seed, faults, names, START), records, account)
        else:
            streams = {
                name: stream(records, seed, faults, (name,), START, polled=True)
                for name, connector in discover().items()
                if name in names and connector.polls
            }
            _serve(streams, polls, account)
    if as_json:
        show_json(account.summary())
    else:
        _show(account.summary(), out)


def _publish(bus: Bus, sent: Iterable[Sent], total: int, account: Account) -> None:
    try:
        with Progress(console=Console(stderr=True)) as bars:
            task = bars.add_task("messages published", total=total)
            publish(sent, bus.publisher(), account, lambda count: bars.advance(task, count))
    finally:
        bus.close()


def _serve(streams: Mapping[str, Stream], port: int, account: Account) -> None:
    """Serve until SIGTERM or Ctrl-C; what is there to be fetched counts as sent."""
    stop = threading.Event()
    stop_on_signals(stop)
    services = {name: PollService(name, told) for name, told in streams.items()}
    with PollServer(services, port=port) as server:
        for name, told in streams.items():
            account.note(told)
            typer.echo(f"QOVSAQ_POLL__{name.upper()}__URL={server.url(name)}", err=True)
        stop.wait()


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
