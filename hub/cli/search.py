"""``qovsaq search``: persons and taxpayers by number, persons by name and date of birth."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from hub.agency.likeness import Name
from hub.agency.search import Hit, Search
from hub.bootstrap import required, utc_now
from hub.cli.desk import answering, token_of
from hub.cli.display import AsJson, show_json, show_table
from hub.cli.ending import Exit
from hub.cli.ready import command_settings
from hub.store.database import Database
from schemas.identifiers import Namespaces, parse_document_number, parse_fin, parse_voen

_SHOWN = ("givenName", "familyName", "patronymicName", "legalName", "dateOfBirth")

Text = str | None


def search(
    purpose: Annotated[str, typer.Option("--purpose", help="What the search is for.")],
    fin: Annotated[Text, typer.Option("--fin", help="A person's FİN.")] = None,
    document: Annotated[Text, typer.Option("--document", help="Series and number.")] = None,
    voen: Annotated[Text, typer.Option("--voen", help="A taxpayer's VÖEN.")] = None,
    given: Annotated[Text, typer.Option("--given", help="Given name, however written.")] = None,
    family: Annotated[Text, typer.Option("--family", help="Family name.")] = None,
    patronymic: Annotated[Text, typer.Option("--patronymic", help="Father's name.")] = None,
    born: Annotated[
        datetime | None, typer.Option("--born", formats=["%Y-%m-%d"], help="With a name.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find somebody, and say how sure that is; by name nobody is found for certain."""
    settings = command_settings()
    name = Name(given, family, patronymic)
    asked = [fin, document, voen, given or family]
    if sum(map(bool, asked)) != 1 or bool(born) != bool(given or family):
        raise typer.BadParameter("one of --fin, --document, --voen, or a name with --born")
    url = required(settings.database_url, "QOVSAQ_DATABASE_URL")
    database = Database(url, application_name="qovsaq search")
    try:
        with answering(), database.transaction() as tx:
            per_day = settings.searches_per_day
            ours = Search(tx, token_of(settings), purpose, utc_now(), per_day)
            namespaces = settings.rules().namespaces
            if born:
                hits = ours.named(name, born.date())
            else:
                hits = _by_number(ours, namespaces, fin, document, voen)
    finally:
        database.close()
    _show(hits, as_json=as_json)


def _by_number(
    ours: Search, namespaces: Namespaces, fin: Text, document: Text, voen: Text
) -> list[Hit]:
    if fin:
        return ours.person(parse_fin(fin, namespaces)[0].urn)
    if document:
        return ours.holder(parse_document_number(None, document, namespaces)[0].urn)
    return ours.legal_entity(parse_voen(voen or "", namespaces)[0].urn)


def _show(hits: list[Hit], *, as_json: bool) -> None:
    if as_json:
        show_json([{"subject": h.subject, "score": h.score, "grade": h.grade, "blocked": h.blocked,
                    "fields": dict(h.fields)} for h in hits])  # fmt: skip
    elif hits:
        head = ("Subject", "How sure", "Score", *_SHOWN)
        rows = [
            (h.subject, _how_sure(h), f"{h.score:.3f}", *(h.fields.get(f) or "" for f in _SHOWN))
            for h in hits
        ]
        show_table("Found", head, rows)
    if not hits:
        typer.echo("qovsaq: nobody was found", err=True)
        raise typer.Exit(Exit.NO)


def _how_sure(hit: Hit) -> str:
    return hit.grade if hit.blocked is None else f"{hit.grade}, blocked (request {hit.blocked})"
