"""``qovsaq trace``: one message's life on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from connectors._kit.discover import discover
from hub.bootstrap import utc_now
from hub.cli.desk import plain
from hub.cli.disclosures import disclosure_row
from hub.cli.display import AsJson, show_json
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.cli.viewing import Reason, as_seen, looking
from hub.evidence.sealing import Keyring
from hub.inquiry.trace import MOST, Tracer


def trace(
    key: Annotated[str, typer.Argument(metavar="MESSAGE_ID|RECORD_ID", help="What to follow.")],
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show one message's life: sealed, read, retried, written or refused, why, and to whom it went.

    That it was looked at is written to the audit.
    """
    settings = command_settings()
    keyring = Keyring(settings.evidence.sealing_keys)
    tracer = Tracer(discover(), settings.rules(), keyring)
    with looking(settings, "trace", reason) as (tx, viewer):
        found = tracer.trace(tx, key)
        for message in found:
            at = f"journal:{message['journal_id']}"
            viewer.looked(tx, "message-traced", at, utc_now(), outcome="shown")
    if not found:
        typer.echo("qovsaq: no message and no record of that id was received", err=True)
        raise typer.Exit(Exit.NO)
    shown = as_seen(viewer, plain(found))
    if as_json:
        show_json(shown)
        return
    for message in shown:
        for line in lines(message):
            typer.echo(line)


def lines(message: dict[str, Any]) -> Iterator[str]:
    """Render one message's life, a line for each thing that happened."""
    yield f"message {message['message_id']} of {message['ministry']}, {message['lane']}"
    yield f"  published  {_time(message['published_at'])} by {message['sender'] or 'nobody named'}"
    yield (
        f"  received   {_time(message['received_at'])} over {message['channel']}, "
        f"{message['size']:,} bytes, {message['arrivals']} times in all"
    )
    yield f"  sealed     sha256 {message['body_sha256']}; {_sealed(message)}"
    yield f"  holds      {message['expected']} records" + _shortened(message)
    for record in message["records"]:
        yield from _record(record)
    for notice in message["notices"]:
        seen = f", seen {_time(notice['acknowledged_at'])}" if notice["acknowledged_at"] else ""
        more = f" and {notice['records'] - 1} more" if notice["records"] > 1 else ""
        place = f"{notice['rule']} at {notice['field'] or 'message'}{more}"
        yield f"  notice     {_time(notice['created_at'])} {notice['kind']}: {place}{seen}"
    for letter in message["letters"]:
        yield from _letter(letter)
    had = message["delivered"]
    yield f"  delivered  to {had['to']} of {had['of']} subscribers"


def _record(record: dict[str, Any]) -> Iterator[str]:
    cause = f" ({record['cause']}{_at(record['field'])})" if record["cause"] else ""
    state = f"{record['state']}{cause} {_time(record['settled_at'])}".rstrip()
    yield f"  record {record['ordinal']:<4} {record['record_type']} {record['record_id']}: {state}"
    findings = [f"{found['rule']}{_at(found['field'])}" for found in record["findings"]]
    if record["state"] != "refused":
        yield f"    rules      {'met, with ' + ', '.join(findings) if findings else 'all met'}"
    for retry in record["retries"]:
        due = f"again at {_time(retry['due'])}"
        yield f"    retry      {_time(retry['noted_at'])} for {retry['cause']}, {due}"
    if record["relays"]:
        yield f"    relayed    {record['relays']} times: it had lost its holder"
    if record["registry"]:
        yield from _registry(record["registry"])
    for told in record["disclosures"]:
        _, to, _, fields, basis, _, arrived = disclosure_row(told)
        yield f"    disclosed  {_time(told['decided_at'])} to {to}: {fields}; {basis}; {arrived}"
    for held in record["custody"]:
        why = f" ({held['reason']})" if held["reason"] else ""
        yield f"    custody    {held['subscriber']}: {held['state']}{why}"


def _registry(place: dict[str, Any]) -> Iterator[str]:
    fact = f"{place['subject']} {place['factKey']}".strip()
    yield f"    registry   {place['table']} {fact}, version {place['version']}"
    yield f"    {place['operation']:<10} {place['why']}; the fact is {place['factIs']}"
    if place["believed"]:
        yield f"    believed   {', '.join(place['believed'])}"
    for field, source in place["outranked"].items():
        yield f"    outranked  {field}: by {source}"


def _letter(letter: dict[str, Any]) -> Iterator[str]:
    yield f"  letter     {letter['letter_id']} in dead.{letter['origin']}: {letter['state']}"
    for failure in letter["failures"]:
        place = f"{failure['cause']}{_at(failure['field'])}, {failure['attempts']} attempts"
        yield f"    parked     {_time(failure['parked_at'])} {place}"
    for replay in letter["replays"]:
        sent = _time(replay["sent_at"] or replay["claimed_at"])
        yield f"    replayed   {sent} by {replay['operator']}"
    for made in letter["corrections"]:
        decided = f", {made['state']} by {made['decided_by'] or 'nobody yet'}"
        yield f"    corrected  {_time(made['edited_at'])} by {made['editor']}{decided}"


def _sealed(message: dict[str, Any]) -> str:
    kept = "the body is gone"
    if message["body_kept"]:
        kept = f"key {message['key_id']}" if message["key_id"] else "compressed, not encrypted"
    return f"{kept}; " + (f"link {message['link']}" if message["link"] else "in no link yet")


def _shortened(message: dict[str, Any]) -> str:
    shown = len(message["records"])
    return f", {shown} of them shown" if shown == MOST or shown < message["expected"] else ""


def _at(field: str | None) -> str:
    return f" at {field}" if field else ""


def _time(text: str | None) -> str:
    return text[:19].replace("T", " ") if text else "-"
