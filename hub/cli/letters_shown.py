"""How dead letters look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import typer

from hub.cli.display import show_table
from hub.logs import mask_text

_TIME = "%Y-%m-%d %H:%M"
_ESSENTIAL = (
    "origin", "message_id", "body_sha256", "ministry", "lane", "record_type", "subject", "cause",
    "field", "explanation", "state", "mark", "failures", "deliveries", "replays", "corrects",
    "first_parked_at", "parked_at", "verdict",
)  # fmt: skip


def summary(row: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a letter to what a list may show: its subject masked, no headers."""
    kept = {key: value for key, value in row.items() if key not in ("headers", "content_type")}
    return kept | {"subject": mask_text(row["subject"])}


def letters(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a page of letters."""
    head = (
        "Letter",
        "Parked",
        "Ministry",
        "Record",
        "Subject",
        "Cause",
        "Field",
        "State",
        "Failed",
    )
    shown = [
        (
            row["letter_id"].hex,
            _when(row["parked_at"]),
            row["ministry"],
            row["record_type"],
            mask_text(row["subject"]),
            row["cause"],
            row["field"],
            f"{row['state']} {row['mark'] or ''}".strip(),
            row["failures"],
        )
        for row in rows
    ]
    show_table("Dead letters", head, shown, numbers=1)


def groups(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print groups."""
    shown = [
        (r["ministry"], r["cause"], r["field"], _when(r["first"]), _when(r["last"]), r["letters"])
        for r in rows
    ]
    head = ("Ministry", "Cause", "Field", "First", "Last", "Letters")
    show_table("Dead letters by cause", head, shown, numbers=1)


def letter(found: Mapping[str, Any]) -> None:
    """Print everything known of one letter."""
    rows = [(key, found[key]) for key in _ESSENTIAL if found[key] not in (None, "")]
    show_table(f"Letter {found['letter_id']}", ("", ""), [(k, _text(v)) for k, v in rows])
    for name in ("records", "failures", "replays", "corrections", "corrected_by", "acts"):
        _listed(name, found.get(name) or [])
    effects(found["registry"])
    if found["body"] is not None:
        typer.echo(found["body"])


def previews(found: Iterable[Mapping[str, Any]]) -> None:
    """Print what a replay would do, letter by letter."""
    for each in found:
        typer.echo(f"{each['letter']}  {each['verdict']}")
        effects(each["effects"])


def effects(found: Iterable[Mapping[str, Any]]) -> None:
    """Print what the registry would make of records."""
    for each in found:
        standing = f"{each['standing_before'] or 'unknown'} -> {each['standing_after']}"
        typer.echo(f"  {each['record_type']}: would be {each['outcome']}, {standing}")
        difference(each["changes"])


def difference(found: Iterable[Any]) -> None:
    """Print changed fields, or the lines of a compared document."""
    for each in found:
        if isinstance(each, str):
            typer.echo(f"    {each}")
        else:
            before, after = _text(each["before"]), _text(each["after"])
            typer.echo(f"    {each['path']}: {before} -> {after}")


def run(sent: int, passed: Mapping[str, int]) -> None:
    """Print what a replay did."""
    typer.echo(f"{sent:,} sent")
    for why, count in passed.items():
        typer.echo(f"{count:,} held back: {why}")


def status(found: Mapping[str, Any]) -> None:
    """Print counts and the latest replays."""
    counts = [(str(state), count) for state, count in found["letters"].items()]
    show_table(
        "Dead letters", ("State", "Letters"), [*counts, ("in doubt", found["inDoubt"])], numbers=1
    )
    runs = [
        (
            row["run_id"].hex,
            row["operator"],
            _when(row["started_at"]),
            row["ending"] or f"running, seen {_when(row['seen_at'])}",
            row["sent"],
            sum(row["passed"].values()),
            row["total"],
        )
        for row in found["runs"]
    ]
    head = ("Replay", "Operator", "Started", "Ending", "Sent", "Held back", "Chosen")
    show_table("Latest replays", head, runs, numbers=3)


def _listed(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        head = tuple(rows[0])
        title = name.replace("_", " ").capitalize()
        show_table(title, head, [tuple(_text(row[key]) for key in head) for row in rows])


def _when(at: datetime) -> str:
    return at.strftime(_TIME)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return value.strftime(_TIME) if isinstance(value, datetime) else orjson.dumps(value).decode()
