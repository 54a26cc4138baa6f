"""``qovsaq person``: the golden record, where each field comes from, and its history."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import orjson
import typer

from hub.bootstrap import utc_now
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.cli.viewing import HIDDEN, Reason, as_seen, end_of, looking
from hub.evidence.viewing import pseudonym
from hub.registry.past import Moment, lookup_past
from hub.registry.person import GoldenField, PersonView, lookup
from hub.store.database import Transaction
from schemas.identifiers import parse_fin


def person(
    fin: Annotated[str, typer.Argument(metavar="FIN", help="The person's FİN.")],
    valid_on: Annotated[
        str | None, typer.Option(help="What was so at the end of this day, or at this time.")
    ] = None,
    known_on: Annotated[
        str | None, typer.Option(help="By what was recorded by then; else by all that is.")
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show a person's golden record, the source of each field, and what was said before.

    What is shown is written to the audit.
    """
    settings = command_settings()
    identifier, _ = parse_fin(fin, settings.rules().namespaces)
    moment = Moment(*(end_of(text) if text else None for text in (valid_on, known_on)))
    with looking(settings, "person", reason) as (tx, viewer):
        found = _find(tx, identifier.urn, moment)
        viewer.looked(
            tx,
            "person-viewed",
            pseudonym(tx, identifier.urn),
            utc_now(),
            fields=[field.name for field in found.fields] if found else (),
            outcome="shown" if found else "not-known",
        )
    if found is None:
        typer.echo("qovsaq: the registry knows nothing of this FİN", err=True)
        raise typer.Exit(Exit.NO)
    shown = as_seen(viewer, _hidden(found) if viewer.masked else found)
    if as_json:
        show_json(shown)
    else:
        _show(shown)


def _find(tx: Transaction, subject: str, moment: Moment) -> PersonView | None:
    return lookup(tx, subject) if moment == Moment() else lookup_past(tx, subject, moment)


def _hidden(found: PersonView) -> PersonView:
    """Keep which fields there are and on whose word; hide what they say."""
    return replace(found, fields=tuple(map(_without_values, found.fields)))


def _without_values(field: GoldenField) -> GoldenField:
    history = tuple(replace(word, value=HIDDEN) for word in field.history)
    return replace(field, value=None if field.value is None else HIDDEN, history=history)


def _show(found: dict[str, Any]) -> None:
    title = found["subject"] + "".join(f", also {alias}" for alias in found["aliases"])
    show_table(title, ("Field", "Value", "Source", "Earlier"), map(_field_row, found["fields"]))
    show_table("Facts", ("Record", "From", "Operations"), map(_fact_row, found["facts"]))
    for finding in found["findings"]:
        typer.echo("finding: " + ", ".join(f"{key} {text}" for key, text in finding.items()))


def _field_row(field: dict[str, Any]) -> tuple[str, str, str, str]:
    source = field["source"] or {}
    earlier = [
        f"{_text(word['value'])} ({word['ministry']} {word['step']['occurred_at'][:10]})"
        for word in field["history"]
        if word["value"] != field["value"]
    ]
    origin = f"{source.get('ministry', '')} {source.get('recordType', '')}".strip()
    return field["name"], _text(field["value"]), origin, "; ".join(earlier)


def _fact_row(fact: dict[str, Any]) -> tuple[str, str, str]:
    steps = (f"{step['operation']} {step['occurred_at'][:10]}" for step in fact["steps"])
    return fact["record_type"], fact["ministry"], ", ".join(steps)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
