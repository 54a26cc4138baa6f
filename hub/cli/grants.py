"""``qovsaq grants propose|list|show|approve|suspend|lift|revoke|rehearse``."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from hub.bootstrap import utc_now
from hub.cli.desk import plain
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.outbound import governing, read_document, subscriber_of, transaction
from hub.cli.ready import command_settings
from hub.delivery import standings
from hub.delivery.governance import Ground
from hub.delivery.rehearsal import rehearse as let_pass
from hub.evidence.declined import Declined
from hub.registry import current
from schemas.grant_document import GrantDocument

app = typer.Typer(no_args_is_help=True, help="Who may receive what, on what basis.")

GrantId = Annotated[str, typer.Argument(metavar="GRANT", help="The grant's name.")]
File = Annotated[Path, typer.Argument(help="The grant as TOML or JSON.")]
Reason = Annotated[str, typer.Option(prompt=True, help="Why; it is kept.")]
Because = Annotated[Ground, typer.Option("--ground", help="5.3.1: illegal access; 5.3.2: no basis")]


@app.command()
def propose(file: File, reason: Reason) -> None:
    """Propose a grant, or a new version of one; another operator puts it in force."""
    document = read_document(GrantDocument, file)
    with governing() as (_, governance, token):
        version = governance.propose(token, document, reason)
    typer.echo(f"{document.grant} version {version} is proposed")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List grants, each with its last version and how it stands."""
    with transaction(command_settings()) as tx:
        rows = standings.listed(tx)
    if as_json:
        show_json(rows)
        return
    shown = [
        (
            row["subscriber"],
            row["grant_id"],
            row["document"]["category"],
            row["standing"] or "never in force",
            row["version_in_force"] or "",
            row["version"] if row["approved"] is None else "",
            row["document"]["validUntil"],
        )
        for row in rows
    ]
    head = ("Subscriber", "Grant", "Category", "Stands", "Version", "Proposed", "Valid until")
    show_table("Grants", head, shown)


@app.command()
def show(grant: GrantId, as_json: AsJson = False) -> None:
    """Show every version of a grant and how it stood."""
    with transaction(command_settings()) as tx:
        versions, entries = standings.versions(tx, grant), standings.entries(tx, grant)
        if not versions:
            raise Declined("grant-unknown", "no grant of that name was ever proposed")
    if as_json:
        show_json(plain({"versions": versions, "standing": entries}))
        return
    for row in versions:
        title = f"{grant} version {row['version']}, proposed by {row['proposed_by']}"
        show_table(title, ("Field", "Value"), [(k, str(v)) for k, v in row["document"].items()])
    shown = [
        (f"{row['at']:%Y-%m-%d %H:%M}", row["standing"], row["version"], row["ground"], row["by"])
        for row in entries
    ]
    show_table("Standing", ("At", "Stands", "Version", "Ground", "By"), shown)


@app.command()
def approve(
    grant: GrantId,
    reason: Reason,
    version: Annotated[int, typer.Option(min=1, help="The version that was looked at.")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no instead.")] = False,
) -> None:
    """Put a version in force that somebody else proposed; what left under the last is recalled."""
    with governing() as (_, governance, token):
        governance.decide(token, grant, version, approve=not reject, reason=reason)
    typer.echo(f"{grant} version {version} is {'rejected' if reject else 'in force'}")


@app.command()
def suspend(grant: GrantId, reason: Reason, ground: Because) -> None:
    """Restrict a grant until it is lifted; at once, also for what waits to be read."""
    with governing() as (_, governance, token):
        governance.suspend(token, grant, ground, reason)
    typer.echo(f"{grant} is suspended")


@app.command()
def lift(grant: GrantId, reason: Reason) -> None:
    """End a suspension, and say what became of what was withheld."""
    with governing() as (_, governance, token):
        kept = governance.lift(token, grant, reason)
    typer.echo(f"{grant} is in force again")
    if kept["withheld"] or kept["recalled"]:
        typer.echo(
            f"{kept['withheld']} records were withheld and {kept['recalled']} recalled; they are"
            " not sent by themselves: `qovsaq subscribers backfill` offers them again"
        )


@app.command()
def revoke(grant: GrantId, reason: Reason, ground: Because) -> None:
    """Restrict a grant for good; at once, also for what waits to be read."""
    with governing() as (_, governance, token):
        governance.revoke(token, grant, ground, reason)
    typer.echo(f"{grant} is revoked")


@app.command()
def rehearse(
    file: File,
    since: Annotated[str, typer.Option(help="How far back, as 30d or 12h.")] = "30d",
    as_json: AsJson = False,
) -> None:
    """Show what would have left, and what not, had the grant been in force. Nothing is sent."""
    document, now = read_document(GrantDocument, file), utc_now()
    with transaction(command_settings()) as tx:
        subscriber = subscriber_of(tx, document.subscriber)
        found = let_pass(tx, document, subscriber, current.page, now - _span(since), now)
    outcomes = sorted((*kind, count) for kind, count in found.outcomes.items())
    fields = sorted((*kind, count) for kind, count in found.fields.items())
    if as_json:
        show_json({"outcomes": outcomes, "fields": fields})
        return
    show_table("Records", ("Record", "What would become of it", "Records"), outcomes, numbers=1)
    show_table("Fields that would leave", ("Record", "Field", "Records"), fields, numbers=1)


def _span(text: str) -> timedelta:
    if not re.fullmatch(r"[1-9]\d{0,4}[dh]", text):
        raise typer.BadParameter("a span is a whole number and d or h")
    count = int(text[:-1])
    return timedelta(days=count) if text.endswith("d") else timedelta(hours=count)
