"""``qovsaq check``: the verdict on a file before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors._kit.content import NDJSON
from connectors._kit.contract import Connector, RawMessage
from connectors._kit.discover import discover
from hub.bootstrap import utc_now
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.intake.examining import examine
from hub.intake.reading import Held
from schemas.errors import Stop

Ministry = Annotated[str, typer.Option("--ministry", help="Whose document it is.")]
ContentType = Annotated[
    str | None, typer.Option("--content-type", help="What it is; else judged by its name.")
]
_JSON = (".json",)
_NDJSON = (".ndjson", ".jsonl")


def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The document.")],
    ministry: Ministry,
    content_type: ContentType = None,
    as_json: AsJson = False,
) -> None:
    """Say of each record in a file whether it would be accepted; nothing is sent."""
    settings, connector = command_settings(), spoken_by(ministry)
    kind = content_type or guessed(file, connector)
    raw = RawMessage(ministry, file.name, kind, file.read_bytes(), utc_now())
    found = examine(raw, connector, settings.rules())
    if as_json:
        show_json({"file": file.name, "contentType": kind, "records": list(map(_verdict, found))})
    else:
        show_table(file.name, ("No", "Record", "Verdict", "Rule", "Field", "Why"), _rows(found))
    raise typer.Exit(Exit.OK if all(each.event for each in found) else Exit.NO)


def spoken_by(ministry: str) -> Connector:
    """Find a ministry's connector; raise ``Stop`` if there is none."""
    connector = discover().get(ministry)
    if connector is None:
        raise Stop("there is no such ministry; `qovsaq connectors` lists them")
    return connector


def guessed(file: Path, connector: Connector) -> str:
    """Guess a file's content type by its name, among those the ministry speaks."""
    if file.suffix in _NDJSON:
        return NDJSON[0]
    is_json = file.suffix in _JSON
    return next(
        (kind for kind in connector.content_types if kind.endswith("json") is is_json),
        connector.content_types[0],
    )


def _verdict(held: Held) -> dict[str, Any]:
    refusal = held.refusal
    return {
        "ordinal": held.ordinal,
        "record": held.record_type,
        "operation": held.event.operation if held.event else None,
        "verdict": _word(held),
        "rule": refusal.rule if refusal else held.broken,
        "field": refusal.field if refusal else None,
        "explanation": refusal.explanation if refusal else None,
        "findings": [
            {"rule": f.rule, "field": f.field, "explanation": f.explanation, "proposal": f.proposal}
            for f in held.findings
        ],
    }


def _rows(found: Sequence[Held]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for held in found:
        verdict = _verdict(held)
        texts = (verdict[key] or "" for key in ("rule", "field", "explanation"))
        rows.append((held.ordinal, held.record_type, verdict["verdict"], *texts))
        rows += [("", "", "warning", f.rule, f.field, f.explanation) for f in held.findings]
    return rows


def _word(held: Held) -> str:
    if held.event:
        return "accepted"
    return "refused" if held.refusal else "parked"
