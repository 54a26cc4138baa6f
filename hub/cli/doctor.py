"""``qovsaq doctor``: what is reachable, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path

import typer

from connectors._kit.discover import discover
from hub.bootstrap import utc_now
from hub.cli import checkup
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.evidence.sealing import Keyring
from hub.health import Finding, Level, examine, worst
from routing.topology import topology
from schemas.errors import Stop

_MARKS = {
    Level.OK: "[green]ok[/]",
    Level.WARNING: "[yellow]warning[/]",
    Level.ERROR: "[red]error[/]",
}


def doctor(as_json: AsJson = False) -> None:
    """Check everything that can be wrong, and say what to do; status 1 if something is."""
    settings = command_settings()
    wanted = topology(discover(), rungs=settings.rungs())
    findings = [checkup.explained(each) for each in examine(settings, wanted)]
    findings += checkup.look(settings, wanted, utc_now)
    findings.append(_sealing(settings.evidence.sealing_keys))
    if as_json:
        show_json({"status": worst(findings), "findings": findings})
    else:
        rows = [(f.subject, _MARKS[f.level], f.text, f.remedy) for f in findings]
        show_table("Doctor", ("Part", "State", "Found", "To do"), rows)
    raise typer.Exit(Exit.NO if worst(findings) is Level.ERROR else Exit.OK)


def _sealing(keys: Path | None) -> Finding:
    try:
        newest = Keyring(keys).newest
    except Stop as error:
        remedy = "correct the file that QOVSAQ_EVIDENCE__SEALING_KEYS names"
        return Finding("sealing", Level.ERROR, str(error), remedy)
    if newest is None:
        text = "bodies are compressed, not encrypted"
        return Finding("sealing", Level.WARNING, text, "set QOVSAQ_EVIDENCE__SEALING_KEYS")
    return Finding("sealing", Level.OK, f"bodies are sealed with key {newest}")
