"""``make bench``: everything side by side on one broker and one database; see README.md."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import bulk as bulk_path
from benchmarks import report, results
from benchmarks.backlog import backlog as backlog_of
from benchmarks.country.load import drop, forget, load_country
from benchmarks.country.told import summary
from benchmarks.latency import latency, under_bulk
from benchmarks.limits import limits
from benchmarks.live import live
from benchmarks.lookup import lookup
from benchmarks.parse import parse
from benchmarks.peers.run import CELERY, FASTSTREAM, VENV, peer
from benchmarks.servers import FOR_A_LOAD, Servers, described, durable, servers
from tests.support.servers import NoServer

_PROMISES = (
    "durable quorum queues, persistent messages, publisher confirms, acknowledged late; "
    "fsync, full_page_writes and synchronous_commit on"
)

_LEAST_OF_A_SLICE = 40_000
"""Of fewer records it would be the start of commands that is measured."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Measure = Callable[[Servers, int], Mapping[str, Any]]


def _limits(at: Servers, size: int) -> Mapping[str, Any]:
    return {"raw": {name: run.as_dict() for name, run in limits(at, 20 * size).items()}}


def _live(at: Servers, size: int) -> Mapping[str, Any]:
    """With three bodies, and with none: the difference is what a body costs. And with two workers
    of each kind that shares its work: what it costs that they share it."""
    alone = live(at, 10 * size, bodies=0).as_dict()
    shared = live(at, 20 * size, copies=2).as_dict()
    return {
        "live": live(at, 20 * size).as_dict(),
        "live_without_bodies": alone,
        "live_two_of_each": shared,
    }


def _peers(at: Servers, size: int) -> Mapping[str, Any]:
    if not VENV.exists():
        raise NoServer("the peers are not installed; `make bench` does that")
    return {each.name: peer(at, each, 3 * size).as_dict() for each in (FASTSTREAM, CELERY)}


def _bulk(at: Servers, size: int) -> Mapping[str, Any]:
    found: dict[str, Any] = {"bulk": {}, "bare_write": {}}
    for kind, write in {"ndjson": bulk_path.ndjson, "xml": bulk_path.xml}.items():
        run, bare = bulk_path.bulk(at, write, 20 * size)
        found["bulk"][kind], found["bare_write"][kind] = run.as_dict(), bare.as_dict()
    found["bulk"]["records_per_s"] = found["bulk"]["ndjson"]["records_per_s"]
    return found


def _latency(at: Servers, size: int) -> Mapping[str, Any]:
    found = latency(at, size / 100)
    found["live_under_bulk"] = under_bulk(at, size / 100, 60 * size)
    return {"latency_ms": found}


def _lookup(at: Servers, size: int) -> Mapping[str, Any]:
    return {"lookup_ms": lookup(at, 100 * size, size)}


def _parse(_: Servers, size: int) -> Mapping[str, Any]:
    return {"parse": parse(5 * size)}


MEASURES: Mapping[str, Measure] = {
    "raw": _limits,
    "live": _live,
    "peers": _peers,
    "bulk": _bulk,
    "latency": _latency,
    "lookup": _lookup,
    "parse": _parse,
}


@app.callback()
def stopping() -> None:
    """Ended early, a run still stops what it started and removes what it made."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))


@app.command()
def short(
    only: Annotated[list[str] | None, typer.Option(help="One measurement; repeatable.")] = None,
    size: Annotated[
        int, typer.Option(min=10, help="1000: the short form, about 10 minutes.")
    ] = 1000,
    keep: Annotated[bool, typer.Option(help="Whether the results become the latest.")] = True,
    own: Annotated[bool, typer.Option("--own/--installed", help="Servers of its own.")] = True,
    note: Annotated[str, typer.Option(help="What whoever reads the figures has to know.")] = "",
) -> None:
    """Measure everything, or some of it, and print and keep what was found."""
    if unknown := set(only or ()) - MEASURES.keys():
        raise typer.BadParameter(f"there is no {min(unknown)}; there are {', '.join(MEASURES)}")
    found: dict[str, Any] = {}
    with servers(own=own) as at:
        durable(at)
        machine = described(at)
        typer.echo(f"{machine['cores']} cores, {machine['cpu']}; {_PROMISES}")
        for name, measure in MEASURES.items():
            if not only or name in only:
                began = time.monotonic()
                told = measure(at, size)
                found = results.merged(found, told)
                typer.echo(
                    f"{name}, {time.monotonic() - began:.0f} s: {json.dumps(told)}", err=True
                )
    _conclude(found, machine, note, keep=keep, whole=not only)


@app.command()
def lookups(
    persons: Annotated[int, typer.Option(help="Persons in the registry.")] = 10_000_000,
    questions: Annotated[int, typer.Option(help="Of each kind.")] = 1000,
    own: Annotated[bool, typer.Option("--own/--installed", help="Servers of its own.")] = True,
) -> None:
    """Fill a registry with so many persons and search it; ten million: 25 minutes, 45 GB."""
    with servers(own=own, settings=FOR_A_LOAD) as at:
        durable(at)
        found = {"lookup_ms": lookup(at, persons, questions)}
        _conclude(found, described(at), "", keep=True, whole=False)


@app.command()
def backlog(
    messages: Annotated[int, typer.Option(help="Messages that wait.")] = 10_000_000,
    seconds: Annotated[float, typer.Option(help="How long the hub works on them.")] = 60,
    keep: Annotated[bool, typer.Option(help="Whether the results become the latest.")] = True,
) -> None:
    """Let millions of messages wait, and the hub work on them for a while; takes 10 GB."""
    with servers() as at:
        durable(at)
        found = {"backlog": backlog_of(at, messages, seconds)}
        _conclude(found, described(at), "", keep=keep, whole=False)


@app.command()
def statements(
    records: Annotated[int, typer.Option(help="Records of the live path.")] = 5000,
    bodies: Annotated[int, typer.Option(help="Bodies that subscribe.")] = 3,
) -> None:
    """Show which statements the live path spends the database's time on."""
    from benchmarks import statements as counted

    for line in counted.shown(*counted.statements(records, bodies)):
        typer.echo(line)


@app.command()
def readme(
    check: Annotated[bool, typer.Option(help="Only say whether anything is stale.")] = False,
) -> None:
    """Bring README and picture in line with the latest results."""
    if check:
        stale = report.stale()
        typer.echo("\n".join(f"stale: {path}; run `python -m benchmarks readme`" for path in stale))
        raise typer.Exit(bool(stale))
    report.write(results.read())


@app.command()
def country(
    folder: Annotated[Path, typer.Argument(help="Where files and checkpoints are kept.")],
    records: Annotated[int, typer.Option(help="Records of the whole country.")] = 40_000_000,
    slices: Annotated[
        int | None, typer.Option(help="Parts that it is loaded in; by default 40, or fewer.")
    ] = None,
    upto: Annotated[int | None, typer.Option(help="Stop after so many slices.")] = None,
    bodies: Annotated[int, typer.Option(help="Bodies that subscribe meanwhile.")] = 3,
    own: Annotated[
        bool, typer.Option("--own/--installed", help="Servers of its own: in one go, nothing kept.")
    ] = False,
    keep: Annotated[bool, typer.Option(help="Whether the results become the latest.")] = True,
    remove: Annotated[bool, typer.Option(help="Only remove what was loaded so far.")] = False,
) -> None:
    """The long form: load the synthetic country; interrupted, it goes on where it stopped."""
    with servers(own=own, settings=FOR_A_LOAD) as at:
        if remove:
            drop(at, folder)
            return
        durable(at)
        if own:
            forget(folder)
        parts = slices or max(2, min(40, records // _LEAST_OF_A_SLICE))
        found = load_country(at, folder, records, parts, upto or parts, bodies)
        if own:
            drop(at, folder)
        _conclude(found, described(at), "", keep=keep, whole=False)
        typer.echo(summary(found))


def _conclude(
    found: dict[str, Any], machine: Mapping[str, Any], note: str, *, keep: bool, whole: bool
) -> None:
    found = results.merged(found, results.ratios(found))
    if (largest := results.largest_process(found)) is not None:
        found["rss_mb"] = {"max": largest}
    found["ledger"] = {"unaccounted": 0}  # a run that could not prove it has not come this far
    frame = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "form": "short",
        "machine": dict(machine),
        "promises": _PROMISES,
        "note": note,
    }
    found = frame | found
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    for line in report.targets_table(found):
        typer.echo(line)
    for line in report.rates_table(found):
        typer.echo(line)
    if keep:
        results.write(found if whole else results.merged(results.read(), found))
        report.write(results.read())


if __name__ == "__main__":
    app()
