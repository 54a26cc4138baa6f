"""``qovsaq ministries list|issue|rotate|revoke``: what ministries prove themselves with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from hub.bootstrap import required, utc_now
from hub.broker_control import BrokerControl
from hub.cli.check import spoken_by
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ready import command_settings
from hub.evidence import credentials
from hub.evidence.credentials import Kind
from hub.ministries import Office
from hub.store.database import Database, Row
from routing import keys
from schemas.envelope import Channel

app = typer.Typer(no_args_is_help=True, help="What ministries prove themselves with.")

Ministry = Annotated[str, typer.Argument(help="The ministry's name.")]
Broker = Annotated[bool, typer.Option(help="Its broker user.")]
Http = Annotated[bool, typer.Option(help="Its HTTP client.")]
Overlap = Annotated[
    int, typer.Option(min=0, max=10_080, help="How long the old HTTP secret is still good.")
]


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List all credentials there ever were; none can be shown again."""
    with _office() as office, office.database.transaction() as tx:
        rows = credentials.known(tx)
    if as_json:
        show_json(rows)
        return
    shown = [
        (row["ministry"], row["kind"], f"{row['issued_at']:%Y-%m-%d}", row["issued_by"], _end(row))
        for row in rows
    ]
    show_table("Credentials", ("Ministry", "Opens", "Since", "Issued by", "Ends"), shown)


@app.command()
def issue(
    ministry: Ministry, broker: Broker = True, http: Http = True, as_json: AsJson = False
) -> None:
    """Make broker user and HTTP client of a ministry; password and secret are shown once."""
    with _office(ministry) as office:
        for kind in _kinds(ministry, broker=broker, http=http):
            _show(ministry, kind, office.issue(ministry, kind, utc_now()), as_json=as_json)


@app.command()
def rotate(
    ministry: Ministry,
    broker: Broker = True,
    http: Http = True,
    overlap_minutes: Overlap = 0,
    as_json: AsJson = False,
) -> None:
    """Give a ministry other ones; what its broker user has open stays open."""
    overlap = timedelta(minutes=overlap_minutes)
    with _office(ministry) as office:
        for kind in _kinds(ministry, broker=broker, http=http):
            made = office.rotate(ministry, kind, utc_now(), overlap)
            _show(ministry, kind, made, as_json=as_json)


@app.command()
def revoke(ministry: Ministry, broker: Broker = True, http: Http = True) -> None:
    """Make them worthless at once, and close what the broker user has open.

    A token that was given for an HTTP secret is good until it expires, QOVSAQ_HTTP__TOKEN_SECONDS.
    """
    with _office(ministry) as office:
        for kind in _kinds(ministry, broker=broker, http=http):
            office.revoke(ministry, kind, utc_now())
            typer.echo(f"{ministry}: revoked ({kind})")


@contextmanager
def _office(ministry: str | None = None) -> Iterator[Office]:
    settings = command_settings()
    if ministry is not None and ministry != Channel.EHIS:
        spoken_by(ministry)
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq ministries")
    try:
        with answering():
            yield Office(database, BrokerControl.of(settings), token_of(settings))
    finally:
        database.close()


def _kinds(ministry: str, *, broker: bool, http: bool) -> list[Kind]:
    broker &= ministry != Channel.EHIS  # to its exchange the hub alone publishes
    return [kind for kind, wanted in ((Kind.BROKER, broker), (Kind.HTTP, http)) if wanted]


def _show(ministry: str, kind: Kind, secret: str, *, as_json: bool) -> None:
    """Show a secret as soon as it is there: what fails after it does not take it away."""
    told = _told(ministry, kind, secret)
    if as_json:
        show_json(told)
        return
    for name, value in told.items():
        typer.echo(f"{name}: {value}")
    typer.echo("qovsaq: the secret is shown once and kept nowhere", err=True)


def _told(ministry: str, kind: Kind, secret: str) -> Mapping[str, str]:
    if kind is Kind.BROKER:
        exchange = keys.intake_exchange(ministry)
        return {"kind": kind, "user": ministry, "password": secret, "exchange": exchange}
    return {"kind": kind, "client_id": ministry, "client_secret": secret, "token_path": "/token"}


def _end(row: Row) -> str:
    return f"{row['ends_at']:%Y-%m-%d %H:%M} by {row['ended_by']}" if row["ends_at"] else ""
