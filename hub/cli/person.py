"""``qovsaq person``: the golden record, where each field comes from, and its history."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from hub.bootstrap import required
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.registry.person import FactView, GoldenField, PersonView, lookup
from hub.store.database import Database
from schemas.identifiers import parse_fin


def person(
    fin: Annotated[str, typer.Argument(metavar="FIN", help="The person's FİN.")],
    as_json: AsJson = False,
) -> None:
    """Show a person's golden record, the source of each field, and what was said before."""
    settings = command_settings()
    identifier, _ = parse_fin(fin, settings.rules().namespaces)
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    found = _find(url, identifier.urn)
    if found is None:
        typer.echo("qovsaq: the registry knows nothing of this FİN", err=True)
        raise typer.Exit(Exit.NO)
    if as_json:
        show_json(found)
    else:
        _show(found)


def _find(url: str, subject: str) -> PersonView | None:
    database = Database(url, application_name="qovsaq person")
    try:
        with database.transaction() as tx:
            return lookup(tx, subject)
    finally:
        database.close()


def _show(found: PersonView) -> None:
    title = f"{found.subject}" + "".join(f", also {alias}" for alias in found.aliases)
    show_table(title, ("Field", "Value", "Source", "Earlier"), map(_field_row, found.fields))
    show_table("Facts", ("Record", "From", "Operations"), map(_fact_row, found.facts))
    for finding in found.findings:
        typer.echo("finding: " + ", ".join(f"{key} {text}" for key, text in finding.items()))


def _field_row(field: GoldenField) -> tuple[str, str, str, str]:
    source = field.source or {}
    earlier = [
        f"{_text(word.value)} ({word.ministry} {word.step.occurred_at:%Y-%m-%d})"
        for word in field.history
        if word.value != field.value
    ]
    origin = f"{source.get('ministry', '')} {source.get('recordType', '')}".strip()
    return field.name, _text(field.value), origin, "; ".join(earlier)


def _fact_row(fact: FactView) -> tuple[str, str, str]:
    steps = (f"{step.operation} {step.occurred_at:%Y-%m-%d}" for step in fact.steps)
    return fact.record_type, fact.ministry, ", ".join(steps)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
