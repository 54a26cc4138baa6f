"""``qovsaq notices groups|list|show|acknowledge|agree``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence import audit, custody, noticeboard, operators
from hub.evidence.audit import Act
from hub.evidence.noticeboard import Chosen, Stand
from hub.evidence.operators import Operator
from hub.store.database import Database, Transaction

app = typer.Typer(no_args_is_help=True, help="What ministries were told, and what became of it.")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[NOTICE]...", help="Ids of notices.")]
Ministry = Annotated[str | None, typer.Option(help="Ministry that was told.")]
Rule = Annotated[str | None, typer.Option(help="Rule, as `groups` names it.")]
OfMessage = Annotated[str | None, typer.Option("--message", help="Message the notices are about.")]
_WIDTH = 60


@app.command()
def groups(ministry: Ministry = None, as_json: AsJson = False) -> None:
    """Count notices by ministry, rule and where they stand."""
    with _authenticated() as (tx, _):
        rows = noticeboard.groups(tx, Chosen(ministry), _today())
    if as_json:
        show_json(rows)
        return
    shown = [
        (r["ministry"], r["kind"], r["rule"], r["stand"], _day(r["first"]), _day(r["last"]),
         r["correct_by"] or "", r["notices"], r["records"])
        for r in rows
    ]  # fmt: skip
    head = (
        "Ministry",
        "Kind",
        "Rule",
        "Stand",
        "First",
        "Last",
        "Correct by",
        "Notices",
        "Records",
    )
    show_table("Notices by rule", head, shown, numbers=2)


@app.command(name="list")
def list_(
    ministry: Ministry = None,
    rule: Rule = None,
    message: OfMessage = None,
    stand: Annotated[Stand | None, typer.Option(help="Where the notices stand.")] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this notice.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Notices on a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List notices, latest first."""
    behind = _id(after) if after else None
    with _authenticated() as (tx, _):
        chosen = Chosen(ministry, rule, message)
        rows = noticeboard.page(tx, chosen, _today(), stand=stand, most=most, after=behind)
    found = [noticeboard.described(row) for row in rows]
    if as_json:
        show_json(found)
        return
    shown = [
        (n["noticeId"], n["ministry"], n["messageId"], n["rule"], n["field"][:_WIDTH], n["stand"])
        for n in found
    ]
    show_table("Notices", ("Notice", "Ministry", "Message", "Rule", "Field", "Stand"), shown)


@app.command()
def show(notice: Annotated[str, typer.Argument(metavar="NOTICE")], as_json: AsJson = False) -> None:
    """Show a notice, whether it was seen, and which message came in place of what was refused."""
    with _authenticated() as (tx, _):
        rows = noticeboard.page(tx, Chosen(ids=[_id(notice)]), _today())
    if not rows:
        typer.echo("qovsaq: there is no notice of that id", err=True)
        raise typer.Exit(Exit.NO)
    found = noticeboard.described(rows[0])
    if as_json:
        show_json(found)
    else:
        records = found.pop("records", ())
        known = [(key, value) for key, value in found.items() if value not in (None, "")]
        show_table(f"Notice {found['noticeId']}", ("", ""), known)
        places = [(r["ordinal"], r["field"], r["explanation"]) for r in records]
        show_table("Its records", ("Place", "Field", "What is wrong"), places)


@app.command()
def acknowledge(notices: Ids = None, ministry: Ministry = None, rule: Rule = None) -> None:
    """Note that a ministry has seen notices: some, or all of a rule. Over HTTP it does itself."""
    chosen = _chosen(notices, ministry, rule)
    with _authenticated() as (tx, who):
        _audit(tx, who, "acknowledged", chosen, {})
        seen = noticeboard.acknowledge(tx, chosen, who.name, utc_now())
    typer.echo(f"{seen:,} acknowledged")


@app.command()
def agree(
    correct_by: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day agreed.")],
    notices: Ids = None,
    ministry: Ministry = None,
    rule: Rule = None,
) -> None:
    """Note by which day a ministry agreed to correct what it was told of."""
    chosen, day = _chosen(notices, ministry, rule), correct_by.date()
    with _authenticated() as (tx, who):
        _audit(tx, who, "deadline-agreed", chosen, {"correctBy": day.isoformat()})
        agreed = noticeboard.agree(tx, chosen, day)
    typer.echo(f"{agreed:,} to be corrected by {day}")


def _chosen(ids: Sequence[str] | None, ministry: str | None, rule: str | None) -> Chosen:
    if bool(ids) == bool(ministry and rule) or bool(ministry) != bool(rule):
        raise typer.BadParameter("name notices, or give --ministry and --rule")
    return Chosen(ids=[_id(each) for each in ids]) if ids else Chosen(ministry, rule)


def _audit(
    tx: Transaction, who: Operator, action: str, chosen: Chosen, detail: dict[str, Any]
) -> None:
    objects = [f"notice:{each}" for each in chosen.ids or ()]
    for each in objects or [f"notices:{chosen.ministry}/{chosen.rule}"]:
        audit.record(tx, Act(who.name, action, each, None, detail), utc_now())


@contextmanager
def _authenticated() -> Iterator[tuple[Transaction, Operator]]:
    settings = command_settings()
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq notices")
    try:
        with answering(), database.transaction() as tx:
            yield tx, operators.authenticate(tx, token_of(settings))
    finally:
        database.close()


def _today() -> date:
    return utc_now().astimezone(custody.BAKU).date()


def _id(text: str) -> str:
    try:
        return UUID(text).hex
    except ValueError:
        raise typer.BadParameter("an id is 32 hexadecimal digits") from None


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
