"""``qovsaq facts enter|list|show|approve|reject|withdraw``: what staff enters (decree 2.11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from hub import bootstrap
from hub.agency import fact_register, statements
from hub.agency.fact_register import FactState
from hub.agency.facts import Draft, Facts
from hub.bootstrap import utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings, transaction
from hub.cli.viewing import Reason, as_seen, looking
from hub.evidence.declined import Declined
from hub.evidence.viewing import pseudonym
from hub.settings import Settings
from hub.store.database import Row
from schemas.identifiers import Identifier, Namespaces, parse_fin, parse_voen
from schemas.staff_fact import LegalEntityStatement, PersonStatement

app = typer.Typer(no_args_is_help=True, help="Facts that the Agency's own staff enters (2.11).")

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
Number = Annotated[int, typer.Argument(min=1, help="The fact's number.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Text = str | None


@app.command()
def enter(
    authority: Annotated[str, typer.Option(help="The act or decision that allows entering it.")],
    purpose: Annotated[str, typer.Option(help="What it is needed for.")],
    says: Annotated[
        list[str], typer.Option("--set", help="NAME=VALUE, a name of the golden record; repeat.")
    ],
    fin: Annotated[Text, typer.Option("--fin", help="FİN of the person it is about.")] = None,
    voen: Annotated[Text, typer.Option("--voen", help="VÖEN of the taxpayer it is about.")] = None,
    evidence: Annotated[Text, typer.Option(help="The document that was seen.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=_FORMATS, help="From when on; else from now on.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=_FORMATS, help="Until when; it ends by itself.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Enter a fact. Who enters it is whoever's token QOVSAQ_OPERATOR_TOKEN is.

    With QOVSAQ_FOUR_EYES it is a proposal until somebody else approves it. It is believed where no
    ministry says anything else.
    """
    settings = command_settings()
    if (fin is None) == (voen is None):
        raise typer.BadParameter("one of --fin and --voen")
    about = _about(fin, voen, settings.rules().namespaces)
    with _facts(settings) as facts:
        kind = PersonStatement if fin else LegalEntityStatement
        draft = Draft(
            about=about,
            statement=statements.read(kind, says),
            authority=authority,
            purpose=purpose,
            evidence=evidence,
            since=_aware(since),
            expires_at=_aware(expires),
        )
        entry = facts.enter(token_of(settings), draft)
    if as_json:
        show_json({"fact": entry.fact_id, "state": entry.state})
        return
    then = "; another operator approves it" if entry.state is FactState.PROPOSED else ""
    typer.echo(f"fact {entry.fact_id} is {entry.state}{then}")


@app.command(name="list")
def list_(
    state: Annotated[FactState | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was entered, without whom it is about and what it says."""
    with transaction(command_settings(), "facts") as tx:
        rows = fact_register.known(tx, state)
    if as_json:
        show_json(rows)
        return
    head = ("Fact", "State", "Speaks of", "Since", "Expires", "Entered by", "Decided by")
    show_table("Facts entered by staff", head, [_shown(row) for row in rows])


@app.command()
def show(number: Number, reason: Reason = None) -> None:
    """Show one entry, with whom it is about and what it says; that you looked is kept."""
    settings = command_settings()
    with looking(settings, "facts", reason) as (tx, viewer):
        if viewer.masked:
            raise Declined("operator-masked", "this operator may not see persons' data")
        row = fact_register.show(tx, number)
        about = pseudonym(tx, row["subject"]) if row else f"fact:{number}"
        outcome = "shown" if row else "not-known"
        fields = row["says"] if row else ()
        viewer.looked(tx, "fact-viewed", about, utc_now(), fields=fields, outcome=outcome)
    if row is None:
        typer.echo("qovsaq: there is no fact of that number", err=True)
        raise typer.Exit(Exit.NO)
    show_json(as_seen(viewer, row))


@app.command()
def approve(number: Number, reason: Why) -> None:
    """Put a proposed fact in force; another person than the one who entered it."""
    _decide(number, reason, approve=True)


@app.command()
def reject(number: Number, reason: Why) -> None:
    """Reject a proposed fact."""
    _decide(number, reason, approve=False)


@app.command()
def withdraw(number: Number, reason: Why) -> None:
    """Take back a fact or a proposal: it should not have been entered."""
    settings = command_settings()
    with _facts(settings) as facts:
        facts.withdraw(token_of(settings), number, reason)
    typer.echo(f"fact {number} is withdrawn")


def _decide(number: int, reason: str, *, approve: bool) -> None:
    settings = command_settings()
    with _facts(settings) as facts:
        facts.decide(token_of(settings), number, approve=approve, reason=reason)
    typer.echo(f"fact {number} is {'in force' if approve else 'rejected'}")


@contextmanager
def _facts(settings: Settings) -> Iterator[Facts]:
    hub = bootstrap.build(settings)
    facts = hub.facts()
    try:
        with answering():
            yield facts
    finally:
        facts.close()
        hub.bus.close()


def _about(fin: Text, voen: Text, namespaces: Namespaces) -> Identifier:
    parsed, _ = parse_fin(fin, namespaces) if fin else parse_voen(voen or "", namespaces)
    return parsed


def _shown(row: Row) -> tuple[str, ...]:
    until = f"{row['expires_at']:%Y-%m-%d %H:%M}" if row["expires_at"] else ""
    return (
        str(row["fact_id"]),
        row["state"],
        ", ".join(row["says"]),
        f"{row['since']:%Y-%m-%d %H:%M}",
        until,
        row["entered_by"],
        row["decided_by"] or "",
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
