"""``qovsaq drill broker-restart|database-failover|ministry-silent|poison|flood|list|show``."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub
from hub.cli.desk import answering, plain, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings, transaction
from hub.drills.alerts import Alerts
from hub.drills.catalogue import DRILLS
from hub.drills.course import Course
from hub.evidence import drills, operators, workers
from hub.store.database import Database
from schemas.errors import HubError, Stop, Unavailable

app = typer.Typer(no_args_is_help=True, help="Regular tests of a deployment (decree 2.9.2).")

Harm = Annotated[
    str | None,
    typer.Option(help="Command that does what the drill is about; else you do it when asked."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")]
Patience = Annotated[int, typer.Option(min=1, help="Seconds to wait for one thing at most.")]
_NEEDED = {"intake", "registry", "relay"}


@app.command(name="broker-restart")
def broker_restart(
    harm: Harm = None, yes: Yes = False, patience: Patience = 300, as_json: AsJson = False
) -> None:
    """Messages before, during and after a restart of the broker; touches live traffic."""
    _run("broker-restart", harm, patience, yes=yes, as_json=as_json)


@app.command(name="database-failover")
def database_failover(
    harm: Harm = None, yes: Yes = False, patience: Patience = 300, as_json: AsJson = False
) -> None:
    """Messages before, during and after a fail-over of the database; touches live traffic."""
    _run("database-failover", harm, patience, yes=yes, as_json=as_json)


@app.command(name="ministry-silent")
def ministry_silent(
    ministry: Annotated[str, typer.Argument(help="Who falls silent; it needs a calendar.")],
    harm: Harm = None,
    yes: Yes = False,
    patience: Patience = 24 * 3600,
    as_json: AsJson = False,
) -> None:
    """A ministry that sends nothing is noticed, and noticed again when it sends."""
    if ministry not in discover():
        raise typer.BadParameter(f"there is no ministry named {ministry}")
    if ministry not in command_settings().feeds:
        raise typer.BadParameter(f"QOVSAQ_FEEDS__{ministry.upper()}__… says nothing: no calendar")
    _run("ministry-silent", harm, patience, yes=yes, as_json=as_json, ministry=ministry)


@app.command()
def poison(patience: Patience = 300, as_json: AsJson = False) -> None:
    """A batch that nobody can read is parked alone; its letter is discarded at the end."""
    _run("poison", None, patience, yes=True, as_json=as_json)


@app.command()
def flood(
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="Messages to send.")] = 5000,
    yes: Yes = False,
    patience: Patience = 600,
    as_json: AsJson = False,
) -> None:
    """A flood on the bulk lane is worked off; touches live traffic, which shares the workers."""
    _run("flood", None, patience, yes=yes, as_json=as_json, count=count)


@app.command(name="list")
def list_(
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List drills, the latest first."""
    with transaction(command_settings(), "drill") as tx:
        rows = drills.known(tx, most)
    if as_json:
        show_json(plain(rows))
        return
    shown = [
        (r["drill_id"].hex[:12], r["name"], r["by"], f"{r['began_at']:%Y-%m-%d %H:%M}",
         "" if r["ended_at"] is None else f"{r['ended_at'] - r['began_at']}".split(".")[0],
         _verdict(r["passed"]))
        for r in rows
    ]  # fmt: skip
    show_table("Drills", ("Drill", "Name", "By", "Began", "Took", "Result"), shown)


@app.command()
def show(
    drill: Annotated[str, typer.Argument(help="The drill's id, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Show one drill: what was sent, each check, the alerts that were seen."""
    with transaction(command_settings(), "drill") as tx:
        rows = drills.find(tx, drill)
    if len(rows) != 1:
        typer.echo("no drill of that id" if not rows else "more than one begins so", err=True)
        raise typer.Exit(Exit.NO)
    if as_json:
        show_json(plain(rows[0]))
    else:
        _show(rows[0])


def _run(
    name: str, harm: str | None, patience: int, *, yes: bool, as_json: bool, **facts: Any
) -> None:
    settings, drill = command_settings(), DRILLS[name]
    hub = bootstrap.build(settings)
    database = hub.database("drill")
    try:
        by = _ready(hub, database)
        _ask(name, harm, yes=yes)
        with database.transaction() as tx:
            identity = drills.begin(tx, name, by, hub.clock())
        course = Course(
            drill=identity,
            database=database,
            bus=hub.bus,
            ledger=hub.ledger,
            alerts=Alerts(settings.drill.prometheus),
            clock=hub.clock,
            say=lambda text: None if as_json else typer.echo(text),
            harm=_harm(harm),
            patience=patience,
            facts={**facts, "harm": harm} if drill.harm else dict(facts),
        )
        course.alerts.begin()
        _carry_out(course, name)
        _clean_up(hub, course, name)
        _keep(course, by)
    finally:
        database.close()
        hub.bus.close()
    if as_json:
        show_json({"drill": identity, "passed": course.passed, **course.outcome()})
    else:
        typer.echo(f"drill {identity[:12]}: {_verdict(course.passed)}")
    raise typer.Exit(Exit.OK if course.passed else Exit.NO)


def _carry_out(course: Course, name: str) -> None:
    try:
        DRILLS[name].run(course)
    except HubError as error:
        course.check("it could be carried out", False, str(error))


def _ready(hub: Hub, database: Database) -> str:
    """See that there is somebody to test, and who asks; raise ``Stop`` where there is not."""
    with answering(), database.transaction() as tx:
        alive = workers.alive(tx, hub.clock() - 2 * hub.settle)
        asked = token_of(hub.settings)
        known = operators.any_active(tx)
        by = operators.authenticate(tx, asked).name if known else operators.CONSOLE
    if missing := sorted(_NEEDED - alive):
        raise Stop(f"nothing to test: {', '.join(missing)} not running; `qovsaq run all`")
    return by


def _ask(name: str, harm: str | None, *, yes: bool) -> None:
    drill = DRILLS[name]
    if drill.touches and not yes:
        typer.echo(f"{name}: {drill.does}. It touches live traffic: {drill.touches}.", err=True)
        typer.confirm("Go on?", abort=True, err=True)
    if drill.harm and harm is None:
        typer.echo(f"{name}: when the first messages are sent, {drill.harm}.", err=True)


def _harm(command: str | None) -> Callable[[], object] | None:
    if command is None:
        return None

    def do() -> None:
        ended = subprocess.run(command, shell=True, check=False, capture_output=True)  # noqa: S602 - the operator's own command
        if ended.returncode:
            raise Stop(f"--harm ended with status {ended.returncode}")

    return do


def _clean_up(hub: Hub, course: Course, name: str) -> None:
    """Give up what the drill left at the desk, if who runs it may."""
    letters, token = course.facts.get("letters"), token_of(hub.settings)
    if not letters:
        return
    if token is None:
        course.say(f"discard its letter yourself: {letters[0]}")
        return
    desk = hub.desk()
    try:
        with answering():
            desk.discard(token, letters, f"drill {name} {course.drill[:12]}")
    finally:
        desk.database.close()


def _keep(course: Course, by: str) -> None:
    """Write the record, through what is left of an outage."""
    for pause in (0.0, 1.0, 5.0, 15.0, None):
        try:
            with course.database.transaction() as tx:
                passed, detail = course.passed, course.outcome()
                drills.end(tx, course.drill, by, course.clock(), passed=passed, detail=detail)
        except HubError as error:
            if pause is None:
                raise Unavailable(f"the record of the drill was not written: {error}") from None
            time.sleep(pause)
        else:
            return


def _show(row: dict[str, Any]) -> None:
    detail = row["detail"]
    typer.echo(f"{row['name']} by {row['by']}, began {row['began_at']:%Y-%m-%d %H:%M:%S %Z}")
    checks = [
        ("ok" if check["passed"] else "FAILED", check["name"], check["seen"])
        for check in detail.get("checks", ())
    ]
    show_table(_verdict(row["passed"]), ("", "Check", "Seen"), checks)
    others = {key: value for key, value in detail.items() if key != "checks"}
    show_table("Facts", ("What", "Value"), [(key, str(value)) for key, value in others.items()])


def _verdict(passed: bool | None) -> str:
    return {None: "not ended", True: "passed", False: "failed"}[passed]
