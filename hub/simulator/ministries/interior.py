"""Ministry of Internal Affairs: SOAP, upper case names, pin as an attribute, M and F."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import dotted, envelope, instant, upper
from hub.simulator.ministries import interior_papers
from hub.simulator.population import Person, new_address

_KINDS = {"NEW": 55, "SNAPSHOT": 25, "CHANGE": 15, "VERIFICATION": 5}
_STATUSES = {"VALID": 90, "LOST": 4, "STOLEN": 1, "CANCELLED": 2, "EXPIRED": 3}
_PAPERS_SHARE = 0.35
_YEARS_ONLY = 1940  # records of people born up to here know just the year


def _tell(occasion: Occasion) -> Document:
    if occasion.chance(_PAPERS_SHARE):
        return interior_papers.tell(occasion)
    events = occasion.draw.choices((1, 2, 3), (85, 10, 5))[0]
    content = _header(occasion) | {"Event": [_event(occasion) for _ in range(events)]}
    return Document(FORM, content)


def _header(occasion: Occasion) -> Content:
    return {"MessageId": occasion.message_id, "SentAt": instant(occasion.at)}


def _event(occasion: Occasion) -> Content:
    person = occasion.person()
    kind = occasion.draw.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    documents = occasion.draw.choices((0, 1, 2), (50, 40, 10))[0]
    return {
        "@kind": kind,
        "@at": instant(occasion.at),
        "Person": _person(occasion, person),
        "Document": [_document(occasion, person, number) for number in range(documents)],
    }


def _person(occasion: Occasion, person: Person) -> Content:
    # The odd clerk types the pin in lower case.
    return {
        "@pin": person.fin.lower() if occasion.chance(0.03) else person.fin,
        "Surname": upper(person.surname),
        "Name": upper(person.name),
        "FatherName": upper(person.patronymic) if occasion.chance(0.95) else None,
        "Gender": person.sex,
        "BirthDate": _birth_date(person),
        "BirthPlace": person.place.city,
        "Citizenship": "AZE",
        "Residence": {"@unit": person.place.unit, "#": person.place.full},
    }


def _birth_date(person: Person) -> str:
    return dotted(person.born) if person.born.year > _YEARS_ONLY else str(person.born.year)


def _document(occasion: Occasion, person: Person, number: int) -> Content:
    issued = occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 3000))
    new = number == 0
    return {
        "@type": "ID" if new else "PASSPORT",
        "Series": "AA" if new else "C",
        "Number": f"{person.index:07d}" if new else f"{person.index:08d}",
        "IssuedBy": "SINAQ ASAN 1",
        "IssueDate": dotted(issued),
        "ValidUntil": dotted(issued + timedelta(days=3652)),
        "Status": occasion.draw.choices(tuple(_STATUSES), tuple(_STATUSES.values()))[0],
    }


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    event: Content = content["Event"][0]
    if operation in ("annul", "restore"):
        person = {"@pin": event["Person"]["@pin"]}
        documents = [
            {key: document[key] for key in ("Series", "Number")} for document in event["Document"]
        ]
    else:
        place = new_address(occasion.draw)
        person = event["Person"] | {"Residence": {"@unit": place.unit, "#": place.full}}
        documents = event["Document"]
    told = {
        "@kind": interior_papers.OPERATIONS[operation],
        "@at": instant(occasion.at),
        "Person": person,
        "Document": documents,
    }
    return _header(occasion) | {"Event": [told]}


def _records(content: Content) -> list[list[str]]:
    return [
        ["person"] + ["identity_document"] * len(event["Document"]) for event in content["Event"]
    ]


def _render(content: Content) -> bytes:
    return envelope("PersonNotification", "pr", interior_papers.NAMESPACE, content)


_PERSON = "Event/0/Person/"
_DOCUMENT = "Event/0/Document/0/"
_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    ("required", "Event/0/@at", REMOVED, None),
    ("required", _PERSON + "@pin", REMOVED, None),
    ("required", _PERSON + "Surname", REMOVED, 0),
    ("required", _PERSON + "BirthDate", REMOVED, 0),
    ("required", _DOCUMENT + "IssueDate", REMOVED, 1),
    ("fin-format", _PERSON + "@pin", "TST12", None),
    ("fin-format", _PERSON + "@pin", "TST 12A", None),
    ("document-number-format", _DOCUMENT + "Number", "12#45?67", 1),
    ("date-format", _PERSON + "BirthDate", "30.02.1980", 0),
    ("date-format", _DOCUMENT + "IssueDate", "1.1", 1),
    ("date-two-digit-year", _PERSON + "BirthDate", "01.01.80", 0),
    ("date-future", _PERSON + "BirthDate", "01.01.2190", 0),
    ("instant-format", "Event/0/@at", "25:61", None),
    ("occurred-in-future", "Event/0/@at", FAR, None),
    ("unknown-code", "Event/0/@kind", "ABOLITION", None),
    ("unknown-code", _PERSON + "Gender", "X", 0),
    ("unknown-code", _DOCUMENT + "Status", "BURNT", 1),
    ("unknown-code", _DOCUMENT + "@type", "LIBRARY", 1),
    ("text-length", _PERSON + "Name", "ƏLİ" * 200, 0),
)

FORM = Form(
    ministry="interior",
    syntax="soap",
    content_type="text/xml; charset=utf-8",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="Event",
)
MINISTRY = Ministry("interior", 0.25, _tell)
