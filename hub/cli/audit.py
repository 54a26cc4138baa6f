"""``qovsaq audit verify|anchor``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.bootstrap import required, utc_now
from hub.cli.display import AsJson, show_json
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence.chain import anchors, links
from hub.evidence.chain.verifying import Fault, Report
from hub.evidence.chain.verifying import verify as verify_chain
from hub.settings import Settings
from hub.store.database import Database
from schemas.errors import Stop

app = typer.Typer(no_args_is_help=True, help="The audit's chain: whether it is whole.")

_SHOWN = 50


@app.command()
def verify(
    anchors_from: Annotated[
        list[Path] | None,
        typer.Option("--anchors", help="File of anchors to hold against it; may be repeated."),
    ] = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="PEM file of a key that signed them; else the signing key's own."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find every row that was changed, removed, inserted or reordered; status 1 if there is one.

    Only anchors show that the end was cut off, or the whole chain computed anew.
    """
    settings = command_settings()
    stated = [anchor for path in anchors_from or () for anchor in anchors.read(path)]
    keys = _public_keys(settings, public_key or ()) if stated else []
    with _database(settings) as database:
        with database.transaction() as tx:
            report = verify_chain(tx)
        with database.transaction() as tx:
            faults = [*report.faults, *anchors.compare(tx, stated, keys)]
    if as_json:
        show_json(_written(report, faults, len(stated)))
    else:
        _show(report, faults, len(stated))
    raise typer.Exit(Exit.NO if faults else Exit.OK)


@app.command()
def anchor(
    out: Annotated[Path, typer.Option(help="File to write it to, behind what is there.")],
) -> None:
    """Sign how the chain stands now, for somebody else to keep."""
    settings = command_settings()
    if settings.evidence.signing_key is None:
        raise Stop("QOVSAQ_EVIDENCE__SIGNING_KEY is not set")
    signer = anchors.read_signer(settings.evidence.signing_key)
    with _database(settings) as database, database.transaction() as tx:
        head = links.head(tx)
    if head is None:
        raise Stop("nothing is sealed yet; `qovsaq run relay` seals")
    made = signer.sign(head, utc_now())
    anchors.append(out, made)
    typer.echo(f"link {made.link} {made.hash}")


def _public_keys(settings: Settings, paths: Sequence[Path]) -> list[Ed25519PublicKey]:
    if paths:
        return [anchors.read_public_key(path) for path in paths]
    if settings.evidence.signing_key is None:
        raise Stop("say with --public-key whose anchors these are")
    return [anchors.read_signer(settings.evidence.signing_key).public_key]


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq audit")
    try:
        yield database
    finally:
        database.close()


def _written(report: Report, faults: Sequence[Fault], stated: int) -> dict[str, object]:
    return {
        "intact": not faults,
        "links": report.links,
        "rows": report.rows,
        "head": report.head,
        "anchors": stated,
        "unsealed": dict(report.unsealed),
        "faults": [asdict(fault) for fault in faults],
    }


def _show(report: Report, faults: Sequence[Fault], stated: int) -> None:
    open_rows = ", ".join(f"{count:,} of the {name}" for name, count in report.unsealed.items())
    typer.echo(
        f"{report.links:,} links over {report.rows:,} rows, held against {stated} anchors; "
        f"not sealed yet: {open_rows}"
    )
    for fault in islice(faults, _SHOWN):
        typer.echo(f"{fault.wrong}: {fault.place}: {fault.text}")
    if len(faults) > _SHOWN:
        typer.echo(f"... and {len(faults) - _SHOWN:,} more (--json lists all)")
    typer.echo(f"{len(faults):,} faults" if faults else "nothing was changed")
