"""``qovsaq export``: a published view as a file with its manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from hub.agency import export as exports
from hub.agency.export import Form, Order
from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json
from hub.cli.ready import command_settings
from hub.store.database import Database

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def export(
    view: Annotated[str, typer.Argument(help="Name of a published view: docs/data-dictionary.md.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What the export is for.")],
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=_FORMATS, help="As it stood at the sources then."),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option("--known-at", formats=_FORMATS, help="As the registry knew it then."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="parquet needs the extra.")] = Form.CSV,
    out: Annotated[Path, typer.Option("--out", help="Folder for the two files.")] = Path("export"),
    as_json: AsJson = False,
) -> None:
    """Write a view as CSV or Parquet, with a manifest; repeated when interrupted, it goes on."""
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq export")
    try:
        with answering(), _progress() as progress:
            now = utc_now()
            wanted = exports.order(view, purpose, _aware(as_of), _aware(known_at), now, form)
            task = progress.add_task(wanted.view, total=None)
            manifest = exports.export(
                database,
                token_of(settings),
                wanted,
                out,
                now,
                lambda size: progress.update(task, completed=size),
            )
    finally:
        database.close()
    if as_json:
        show_json(manifest)
        return
    _say(wanted, manifest, out)


def _say(wanted: Order, manifest: dict[str, object], out: Path) -> None:
    typer.echo(f"{out / wanted.file}: {manifest['rows']:,} rows, {manifest['bytes']:,} bytes")
    typer.echo(f"sha256 {manifest['sha256']}, in {out / wanted.manifest}")


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn())
    return Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True), transient=True)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
