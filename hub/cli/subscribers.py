"""``qovsaq subscribers add|list|show|declare|custody|backfill|parked|retry``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub import outbound
from hub.bootstrap import required, utc_now
from hub.cli.accounts import custody
from hub.cli.desk import plain, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.outbound import read_document, subscriber_of, transaction
from hub.cli.ready import command_settings
from hub.delivery import backfill as backfills
from hub.delivery import custody as waiting
from hub.delivery import subscribers
from hub.delivery.subscriber import Subscriber, check_channel
from hub.evidence import audit, operators
from hub.evidence.audit import Act
from hub.settings import Settings
from routing import control
from schemas.subscriber_document import SubscriberDocument

app = typer.Typer(no_args_is_help=True, help="The bodies data may leave for.")
app.command()(custody)

Name = Annotated[str, typer.Argument(help="The subscriber's name.")]
Reason = Annotated[str, typer.Option(prompt=True, help="Why; it is kept.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="The subscriber as TOML or JSON.")],
    password: Annotated[
        bool, typer.Option("--password", help="Read its broker password from standard input.")
    ] = False,
) -> None:
    """Enter a subscriber or change one, and declare its queues. It gets nothing without a grant."""
    settings = command_settings()
    document = read_document(SubscriberDocument, file)
    subscriber = Subscriber.of(document)
    check_channel(subscriber.name, subscriber.channel, settings.outbound.ehis_only)
    if password:
        secret = sys.stdin.readline().rstrip("\n")
        outbound.administration(settings).introduce(subscriber.name, secret)
    with transaction(settings) as tx:
        version = subscribers.put(tx, token_of(settings), document, utc_now())
    _declare(settings, subscriber)
    typer.echo(f"{subscriber.name} is entered, version {version}")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the subscribers."""
    with transaction(command_settings()) as tx:
        known = subscribers.known(tx)
    if as_json:
        show_json([each.document().model_dump(mode="json", exclude_none=True) for each in known])
        return
    rows = [
        (
            each.name,
            each.title,
            each.channel,
            "test" if each.test_mode else "live",
            ", ".join(each.records),
            f"{each.since:%Y-%m-%d}" if each.since else "not bound",
        )
        for each in known
    ]
    show_table("Subscribers", ("Name", "Title", "Channel", "Mode", "Records", "Since"), rows)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a subscriber, its history and its backfills."""
    with transaction(command_settings()) as tx:
        found = subscriber_of(tx, name)
        history = audit.about(tx, f"subscriber:{name}")
        fed = backfills.listed(tx, name)
    document = found.document().model_dump(mode="json", exclude_none=True)
    if as_json:
        show_json(plain({"subscriber": document, "history": history, "backfills": fed}))
        return
    show_table(found.title, ("Field", "Value"), [(key, str(v)) for key, v in document.items()])
    acts = [(f"{row['at']:%Y-%m-%d %H:%M}", row["actor"], row["action"]) for row in history]
    show_table("History", ("At", "By", "What"), acts)
    shown = [
        (row["backfill_id"].hex, ", ".join(row["records"]), row["finished_at"] or "", row["fed"])
        for row in fed
    ]
    show_table("Backfills", ("Id", "Records", "Finished", "Fed"), shown, numbers=1)


@app.command()
def declare() -> None:
    """Make the queues and bindings of all subscribers, where they are missing."""
    settings = command_settings()
    with transaction(settings) as tx:
        known = subscribers.known(tx)
    for subscriber in known:
        _declare(settings, subscriber)
    typer.echo(f"{len(known)} subscribers have what they need on the broker")


@app.command()
def backfill(
    name: Name,
    reason: Reason,
    record: Annotated[
        list[str] | None, typer.Option("--record", help="Record type; repeatable. Else all.")
    ] = None,
    per_second: Annotated[int, typer.Option(min=1, help="Most records per second.")] = 100,
) -> None:
    """Tell a subscriber again what the registry holds, each record through the gate."""
    settings = command_settings()
    with transaction(settings) as tx:
        found = subscriber_of(tx, name)
        wanted = record or list(found.records)
        asked = backfills.request(
            tx, token_of(settings), found, wanted, per_second, reason, utc_now()
        )
    typer.echo(f"backfill {asked} is asked for; `qovsaq run delivery` does it")


@app.command()
def parked(
    name: Name,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Most records shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List records its endpoint refused for good or too often, with their cause."""
    settings = command_settings()
    with transaction(settings) as tx:
        operators.authenticate(tx, token_of(settings))
        rows = waiting.parked(tx, name, most)
    if as_json:
        show_json(plain(rows))
        return
    shown = [
        (row["record_id"].hex, row["record_type"], row["reason"], row["attempts"]) for row in rows
    ]
    show_table("Parked", ("Record", "Type", "Cause", "Attempts"), shown, numbers=1)


@app.command()
def retry(
    name: Name,
    reason: Reason,
    cause: Annotated[str | None, typer.Option(help="Only what was parked for this cause.")] = None,
) -> None:
    """Try parked records again, each through the gate as it stands now."""
    settings, now = command_settings(), utc_now()
    with transaction(settings) as tx:
        by = operators.authenticate(tx, token_of(settings)).name
        count = waiting.again(tx, name, cause, now)
        detail = {"cause": cause, "records": count}
        audit.record(tx, Act(by, "parked-retried", f"subscriber:{name}", reason, detail), now)
    typer.echo(f"{count} records are tried again")


def _declare(settings: Settings, subscriber: Subscriber) -> None:
    """Lay out its queues, then note that from now on everything reaches them."""
    url = required(settings.broker_url, "QOVSAQ_BROKER_URL")
    control.declare(url, subscribers.topology_of(subscriber))
    with transaction(settings) as tx:
        subscribers.bound(tx, subscriber.name, utc_now())
