"""``qovsaq dead-letters list|groups|show|correct|approve|replay|discard|status``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hub.cli import letters_shown as shown
from hub.cli.desk import at_the_desk, plain
from hub.cli.display import AsJson, show_json
from hub.cli.ending import Exit
from hub.cli.signals import stop_on_signals
from hub.deadletters.letter import State
from hub.deadletters.queries import Filter

app = typer.Typer(no_args_is_help=True, help="Messages that need a person.")

LetterId = Annotated[str, typer.Argument(metavar="LETTER", help="Id of the letter.")]
LetterIds = Annotated[
    list[str] | None, typer.Argument(metavar="[LETTER]...", help="Ids of letters.")
]
InState = Annotated[State, typer.Option("--state", help="State of the letters.")]
Ministry = Annotated[str | None, typer.Option(help="Source ministry.")]
Cause = Annotated[str | None, typer.Option(help="Cause, as `groups` names it.")]
Field = Annotated[str | None, typer.Option(help="Field, as `groups` names it; '' is no field.")]
Record = Annotated[str | None, typer.Option("--record", help="Record type.")]
Since = Annotated[datetime | None, typer.Option(help="Parked at or after this time (UTC).")]
Until = Annotated[datetime | None, typer.Option(help="Parked before this time (UTC).")]
Find = Annotated[str | None, typer.Option(help="A message id, record id or subject URN, whole.")]
Reason = Annotated[str, typer.Option(prompt=True, help="Why; it is kept.")]


@app.command(name="list")
def list_(
    state: InState = State.PARKED,
    ministry: Ministry = None,
    cause: Cause = None,
    field: Field = None,
    record: Record = None,
    since: Since = None,
    until: Until = None,
    find: Find = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this letter.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Letters on a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List letters, latest parked first; subjects are masked."""
    chosen = _filter(state, ministry, cause, field, record, since, until, find)
    with at_the_desk() as (_, desk, token):
        rows = desk.letters(token, chosen, most=most, after=after)
    if as_json:
        show_json(plain([shown.summary(row) for row in rows]))
    else:
        shown.letters(rows)


@app.command()
def groups(state: InState = State.PARKED, as_json: AsJson = False) -> None:
    """Group letters by ministry, cause and field."""
    with at_the_desk() as (_, desk, token):
        rows = desk.groups(token, state)
    if as_json:
        show_json(rows)
    else:
        shown.groups(rows)


@app.command()
def show(
    letter: LetterId,
    body: Annotated[
        bool, typer.Option("--body", help="Also what a correction starts from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a letter with its history, and what the registry has; this is written to the audit."""
    with at_the_desk() as (_, desk, token):
        found = desk.show(token, _id(letter), with_body=body)
    if as_json:
        show_json(plain(found))
    else:
        shown.letter(plain(found))


@app.command()
def correct(
    letter: LetterId,
    file: Annotated[
        Path, typer.Argument(help="The corrected record (JSON) or document; - reads it.")
    ],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Propose a corrected record in place of a letter; the original stays sealed."""
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    with at_the_desk() as (_, desk, token):
        made = desk.correct(token, _id(letter), content, reason)
    if as_json:
        show_json(plain(made))
        return
    shown.difference(made["difference"])
    typer.echo(f"correction {made['correction_id']}; the letter is {made['state']}")


@app.command()
def approve(
    correction: Annotated[str, typer.Argument(help="Id of the correction, as `show` names it.")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no instead.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; needed to reject.")] = None,
) -> None:
    """Approve a correction somebody else made, as it was shown."""
    with at_the_desk() as (_, desk, token):
        state = desk.decide(token, _id(correction), approve=not reject, reason=reason)
    typer.echo(f"the letter is {state}")


@app.command()
def replay(
    letters: LetterIds = None,
    ministry: Ministry = None,
    cause: Cause = None,
    field: Field = None,
    record: Record = None,
    since: Since = None,
    until: Until = None,
    find: Find = None,
    everything: Annotated[bool, typer.Option("--all", help="All letters that are ready.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    even_if_newer: Annotated[
        bool, typer.Option("--even-if-newer", help="Send also what newer data has overtaken.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Letters a dry run shows.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Send letters again, each subject's in their original order; status 1 if any was held back."""
    filtered = _filter(None, ministry, cause, field, record, since, until, find)
    chosen = _chosen(letters, filtered, everything=everything)
    if dry_run:
        with at_the_desk() as (_, desk, token):
            previews = list(islice(desk.preview(token, chosen, even_if_newer=even_if_newer), most))
        show_json(plain(previews)) if as_json else shown.previews(previews)
        return
    stop = threading.Event()
    stop_on_signals(stop)
    with at_the_desk() as (hub, _, token), _progress() as told:
        replayer = hub.replayer(stop)
        try:
            run = replayer.replay(
                token,
                chosen,
                reason=reason,
                even_if_newer=even_if_newer,
                progress=told,
            )
        finally:
            replayer.database.close()
    if as_json:
        show_json({"run": run.run_id, "sent": run.sent, "heldBack": dict(run.passed)})
    else:
        shown.run(run.sent, run.passed)
    raise typer.Exit(Exit.NO if run.passed or run.done < run.total else Exit.OK)


@app.command()
def discard(letters: LetterIds, reason: Reason) -> None:
    """Give letters up for good."""
    with at_the_desk() as (_, desk, token):
        given_up = desk.discard(token, [_id(each) for each in letters or []], reason)
    typer.echo(f"{given_up} discarded")
    raise typer.Exit(Exit.OK if given_up == len(set(letters or [])) else Exit.NO)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Count letters by state, and show how far the latest replays have come."""
    with at_the_desk() as (_, desk, token):
        found = desk.status(token)
    if as_json:
        show_json(plain(found))
    else:
        shown.status(found)


def _filter(
    state: State | None,
    ministry: str | None,
    cause: str | None,
    field: str | None,
    record: str | None,
    since: datetime | None,
    until: datetime | None,
    find: str | None,
) -> Filter:
    return Filter(state, ministry, cause, field, record, _utc(since), _utc(until), find)


def _chosen(
    letters: Sequence[str] | None, filtered: Filter, *, everything: bool
) -> Filter | list[str]:
    ways = bool(letters) + bool(filtered.chosen) + everything
    if ways != 1:
        raise typer.BadParameter("name letters, or give a filter, or say --all")
    return [_id(letter) for letter in letters] if letters else filtered


def _id(text: str) -> str:
    try:
        return UUID(text).hex
    except ValueError:
        raise typer.BadParameter("an id is 32 hexadecimal digits") from None


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


@contextmanager
def _progress() -> Iterator[Any]:
    columns = (TextColumn("letters"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("letters", total=None)

        def told(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield told
