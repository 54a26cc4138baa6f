"""``qovsaq load``: files over the cap of one message, in parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from hub import bootstrap
from hub.cli.check import ContentType, Ministry, guessed, spoken_by
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.documents.document import Document, Manifest
from hub.documents.loader import Loader
from hub.intake.arrival import channel_refused
from routing import keys
from schemas.errors import Refused, Stop


def load(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Documents.")],
    ministry: Ministry,
    lane: Annotated[str, typer.Option("--lane", help="live or bulk.")] = "bulk",
    content_type: ContentType = None,
    document_id: Annotated[
        str | None, typer.Option("--document-id", help="Id of the one file; else its content's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send files in parts, cut between records; what was interrupted goes on where it stopped."""
    settings, connector = command_settings(), spoken_by(ministry)
    if lane not in keys.LANES:
        raise Refused("unroutable-key", "", f"the lane must be {' or '.join(keys.LANES)}")
    if document_id and len(files) > 1:
        raise Stop("--document-id names one document; there are several files")
    hub = bootstrap.build(settings)
    if ministry in hub.ehis_only:
        raise channel_refused()
    database = hub.database("load")
    try:
        loader = Loader(database, hub.bus.publisher(), hub.clock, settings.rules().limits)
        documents = [
            Document(
                file, ministry, content_type or guessed(file, connector), lane, document_id or ""
            )
            for file in files
        ]
        with _bars() as bars:
            found = [
                loader.load(each, connector, _watching(bars, each.path.name)) for each in documents
            ]
    finally:
        hub.bus.close()
        database.close()
    _show(found, as_json=as_json)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _watching(bars: Progress, name: str) -> Callable[[str, int, int], None]:
    """One bar for each phase of a file, from when the phase begins."""
    tasks = {}

    def watch(phase: str, done: int, total: int) -> None:
        if phase not in tasks:
            tasks[phase] = bars.add_task(f"{name}: {phase}", total=total)
        bars.update(tasks[phase], completed=done)

    return watch


def _show(found: list[Manifest], *, as_json: bool) -> None:
    if as_json:
        show_json([manifest.described() for manifest in found])
        return
    rows = [(m.document_id, m.lane, m.survey.records, m.survey.chunks) for m in found]
    show_table("Sent", ("Document", "Lane", "Records", "Messages"), rows, numbers=2)
