"""``qovsaq contracts export|check|guard``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from connectors._kit.discover import discover
from hub.bootstrap import required, utc_now
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.contracts import collection
from hub.contracts.compatibility import Difference, compare
from hub.contracts.guard import Guard, Sighting
from hub.contracts.revision import at_revision
from hub.contracts.verdict import State
from hub.metrics import Metrics
from hub.store.database import Database

app = typer.Typer(no_args_is_help=True, help="The contracts that others build on.")


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="Folder to write to; made if it is not there.")] = Path(
        "contracts"
    ),
) -> None:
    """Write JSON Schemas, XSDs, WSDLs and AsyncAPI to one folder, with a manifest of digests."""
    command_settings()
    contracts = collection.collect(discover())
    collection.write(contracts, to)
    kinds = Counter(Path(path).suffix.removeprefix(".") for path in contracts)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    typer.echo(f"{len(contracts)} contracts in {to}: {counted}")


@app.command()
def check(
    against: Annotated[str, typer.Option(help="A git revision, or a folder made by export.")],
    as_json: AsJson = False,
) -> None:
    """Compare the contracts with earlier ones; status 1 if something would break for others."""
    command_settings()
    folder = Path(against)
    old = collection.read(folder) if folder.is_dir() else at_revision(against)
    found = compare(old, collection.collect(discover()))
    breaking = [difference for difference in found if difference.breaks]
    if as_json:
        show_json({"compatible": not breaking, "differences": [asdict(each) for each in found]})
    else:
        _show_differences(found, breaking)
    raise typer.Exit(Exit.NO if breaking else Exit.OK)


@app.command()
def guard(as_json: AsJson = False) -> None:
    """Look at the contracts that ministries serve; status 1 if one of them breaks messages."""
    settings = command_settings()
    database = Database(
        required(settings.database_url, "QOVSAQ_DATABASE_URL"), application_name="qovsaq contracts"
    )
    try:
        sightings = Guard(discover(), settings.contracts, database, Metrics(), utc_now).look()
    finally:
        database.close()
    if as_json:
        show_json([_written(sighting) for sighting in sightings])
    elif sightings:
        _show_sightings(sightings)
    else:
        typer.echo("no addresses are set: QOVSAQ_CONTRACTS__<MINISTRY>__URLS")
    raise typer.Exit(_status(sightings))


def _show_differences(found: Sequence[Difference], breaking: Sequence[Difference]) -> None:
    if not found:
        typer.echo("the contracts are the same")
        return
    rows = [
        (each.path, each.rule, each.place, each.text, ", ".join(each.breaks) or "nobody")
        for each in found
    ]
    show_table("Contracts", ("File", "Rule", "Where", "What", "Breaks"), rows)
    typer.echo(f"{len(found)} differences, {len(breaking)} of them breaking")


def _show_sightings(sightings: Sequence[Sighting]) -> None:
    for each in sightings:
        news = ", changed since the last look" if each.changed else ""
        compared = f" (ours: {each.contract})" if each.contract else ""
        state = f"{each.state}: {each.cause}" if each.cause else each.state
        typer.echo(f"{each.ministry} {each.address}{compared}: {state}{news}")
        for change in each.breaking:
            typer.echo(f"  breaks: {change.rule} at {change.place or 'the whole'}: {change.text}")
        for change in each.other:
            typer.echo(f"  {change.rule} at {change.place or 'the whole'}: {change.text}")


def _written(sighting: Sighting) -> dict[str, object]:
    changes = {
        name: [{**asdict(each), "breaks": sorted(each.breaks)} for each in part]
        for name, part in (("breaking", sighting.breaking), ("other", sighting.other))
    }
    return {
        "ministry": sighting.ministry,
        "address": sighting.address,
        "state": sighting.state,
        "contract": sighting.contract,
        "sha256": sighting.sha256,
        "changed": sighting.changed,
        "cause": sighting.cause,
        **changes,
    }


def _status(sightings: Sequence[Sighting]) -> Exit:
    states = {sighting.state for sighting in sightings}
    if State.BREAKS in states:
        return Exit.NO
    return Exit.UNAVAILABLE if State.UNREACHABLE in states else Exit.OK
