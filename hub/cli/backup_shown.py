"""How a backup, or a restored one, is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

from hub.backup.manifest import Manifest
from hub.backup.restoring import Verdict
from hub.cli.display import show_json, show_table
from hub.cli.ending import Exit


def show(
    place: Path,
    manifest: Manifest,
    verdict: Verdict | None,
    *,
    as_json: bool,
    suspended: Sequence[str] | None = None,
) -> NoReturn:
    """Show it and end with its status; ``suspended`` grants are there where it was restored."""
    if as_json:
        show_json(_document(place, manifest, verdict, suspended))
    else:
        _tell(place, manifest, verdict, suspended)
    raise typer.Exit(Exit.OK if verdict is None or verdict.good else Exit.NO)


def _document(
    place: Path, manifest: Manifest, verdict: Verdict | None, suspended: Sequence[str] | None
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "folder": str(place),
        "manifest": manifest.model_dump(mode="json"),
        "verified": None if verdict is None else verdict.good,
        "faults": [] if verdict is None else list(verdict.faults),
    }
    return shown if suspended is None else shown | {"suspended": list(suspended)}


def _tell(
    place: Path, manifest: Manifest, verdict: Verdict | None, suspended: Sequence[str] | None
) -> None:
    rows = [(name, f"{entry.bytes:,}", entry.sha256[:16]) for name, entry in manifest.files.items()]
    title = f"{place}: as of {manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}"
    show_table(title, ("File", "Bytes", "SHA-256 begins"), rows)
    received = sum(line["received"] for line in manifest.ledger.values())
    typer.echo(
        f"schema {manifest.schema_version}, {sum(manifest.tables.values()):,} rows, "
        f"{received:,} records received, chain of {manifest.links:,} links"
    )
    if manifest.left_out:
        typer.echo(f"secrets left out: {', '.join(manifest.left_out)}")
    if manifest.encrypted_for:
        typer.echo(f"the database is encrypted for the key {manifest.encrypted_for}")
    else:
        typer.echo("the database is not encrypted: --encrypt-for, or an encrypted disk")
    if verdict is None:
        typer.echo("not verified; `qovsaq restore FOLDER --verify` does")
    elif verdict.good:
        typer.echo(
            f"verified: {verdict.rows:,} rows as backed up, {verdict.chained:,} in the chain"
        )
    for fault in verdict.faults if verdict else ():
        typer.echo(f"not as backed up: {fault}")
    if suspended is not None:
        _what_remains(manifest, suspended)


def _what_remains(manifest: Manifest, suspended: Sequence[str]) -> None:
    typer.echo("restored. What remains to be done, by people:")
    for ministry, since in manifest.repeat_from.items():
        typer.echo(f"- {ministry} sends again what it published since {since:%Y-%m-%d %H:%M %Z}")
    for grant in suspended:
        typer.echo(
            f"- look whether {grant} was restricted since, then `qovsaq grants lift {grant}`"
        )
    typer.echo("- revoke again operators and credentials that were revoked since")
    typer.echo("- move the file of anchors aside, and keep it: the chain goes on from the backup")
    typer.echo("- start the hub; `qovsaq doctor`, `qovsaq ledger`")
