"""What a body asks: about whom, which records, and to what purpose. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schemas.catalogue import records
from schemas.errors import Refused
from schemas.identifiers import (
    Identifier,
    Namespaces,
    parse_document_number,
    parse_fin,
    parse_voen,
)

PURPOSE = "Qovsaq-Purpose"
FIN = r"^[0-9A-Za-z]{7}$"
VOEN = r"^[0-9]{10}$"
DOCUMENT = r"^[0-9A-Za-z]{0,5}:[0-9A-Za-z][0-9A-Za-z/-]{0,14}$"
STATED = r"^[!-~][ -~]{1,198}[!-~]$"


class Entity(StrEnum):
    """Whom can be asked about."""

    PERSON = "person"
    LEGAL_ENTITY = "legal_entity"


@dataclass(frozen=True, slots=True)
class Question:
    """``urn`` is of the person or legal entity, or with ``by_document`` of the document that leads
    to the person. ``purpose`` is what the body says it is for."""

    entity: Entity
    urn: str
    record_types: frozenset[str]
    purpose: str
    by_document: bool = False


Query = Sequence[tuple[str, str]]


def about_fin(fin: str, query: Query, purpose: str | None, names: Namespaces) -> Question:
    """Ask about the person with a FİN; this and the others raise ``Refused`` for bad input."""
    found, _ = parse_fin(_matching(FIN, fin, "fin"), names)
    return _question(Entity.PERSON, found, _parameters(query, ()), purpose)


def about_voen(voen: str, query: Query, purpose: str | None, names: Namespaces) -> Question:
    """Ask about the taxpayer with a VÖEN."""
    found, _ = parse_voen(_matching(VOEN, voen, "voen"), names)
    return _question(Entity.LEGAL_ENTITY, found, _parameters(query, ()), purpose)


def about_document(query: Query, purpose: str | None, names: Namespaces) -> Question:
    """Ask about the person a document was issued to: ``document=<series>:<number>``."""
    given = _parameters(query, ("document",))
    document = _matching(DOCUMENT, given.get("document", ""), "document")
    series, _, number = document.partition(":")
    found, _ = parse_document_number(series or None, number, names)
    return _question(Entity.PERSON, found, given, purpose, by_document=True)


def _question(
    entity: Entity,
    identifier: Identifier,
    given: Mapping[str, str],
    purpose: str | None,
    *,
    by_document: bool = False,
) -> Question:
    stated = _matching(STATED, purpose or "", PURPOSE)
    return Question(entity, identifier.urn, _record_types(given), stated, by_document)


def _parameters(query: Query, others: Sequence[str]) -> dict[str, str]:
    given = dict(query)
    if len(given) < len(query):
        raise Refused("parameter", "", "each parameter at most once")
    if given.keys() - {"records", *others}:
        raise Refused("parameter", "", "there is no parameter of that name")
    return given


def _record_types(given: Mapping[str, str]) -> frozenset[str]:
    catalogue = records()
    if "records" not in given:
        return frozenset(catalogue)
    named = given["records"].split(",")
    if not set(named) <= catalogue.keys() or len(set(named)) < len(named):
        raise Refused("parameter", "records", "names of records, each once, commas between")
    return frozenset(named)


def _matching(pattern: str, text: str, field: str) -> str:
    if not re.fullmatch(pattern, text):
        raise Refused("parameter", field, f"must match {pattern}")
    return text
