"""State Migration Service: XML, Cyrillic legacy names, dotted prefixes, links to a FİN later on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import cyrillic, document, dotted, instant
from hub.simulator.ministries import migration_people
from hub.simulator.population import Foreigner, new_address

_LINK_OPERATIONS = migration_people.LATER | {"annul": "CANCEL"}
_SEXES = {"M": ("Kişi", "M"), "F": ("Qadın", "F")}
_CYRILLIC_SHARE = 0.2
_PEOPLE_SHARE = 0.5


def _tell(occasion: Occasion) -> Document:
    if occasion.chance(_PEOPLE_SHARE):
        return migration_people.tell(occasion)
    permits, links = occasion.draw.choices(((1, 0), (2, 0), (0, 1), (0, 3)), (65, 10, 20, 5))[0]
    content = _header(occasion) | {
        "Permit": [_permit(occasion, occasion.foreigner()) for _ in range(permits)],
        "Link": [_link(occasion, occasion.foreigner()) for _ in range(links)],
    }
    return Document(FORM, content)


def _header(occasion: Occasion) -> Content:
    return {"@id": occasion.message_id, "@sent": instant(occasion.at)}


def _permit(occasion: Occasion, foreigner: Foreigner) -> Content:
    draw = occasion.draw
    issued = occasion.at.date() - timedelta(days=draw.randrange(1, 700))
    permanent = occasion.chance(0.05)
    prefix = "DYI" if permanent else draw.choices(("MYI", "MYİ"), (9, 1))[0]
    names = _names(foreigner, legacy=occasion.chance(_CYRILLIC_SHARE))
    return {
        "@op": "ISSUE",
        "@at": instant(occasion.at),
        "PersonNumber": foreigner.number,
        "FIN": foreigner.fin if occasion.chance(0.4) else None,
        **names,
        "Sex": draw.choice(_SEXES[foreigner.sex]),
        "BirthDate": dotted(foreigner.born) if occasion.chance(0.9) else str(foreigner.born.year),
        "Citizenship": foreigner.country,
        "PermitType": "DYI" if permanent else "MYI",
        "Number": f"{prefix}{int(foreigner.number) % 1_000_000:06d}",
        "IssuedOn": dotted(issued),
        "ValidUntil": None if permanent else dotted(issued + timedelta(days=730)),
        "Purpose": foreigner.purpose,
        "Address": foreigner.place.full,
    }


def _names(foreigner: Foreigner, *, legacy: bool) -> Content:
    names = {"Surname": foreigner.surname, "GivenName": foreigner.name}
    if foreigner.father is not None:
        names["Patronymic"] = foreigner.father
    return {key: cyrillic(name) for key, name in names.items()} if legacy else dict(names)


def _link(occasion: Occasion, foreigner: Foreigner) -> Content:
    return {
        "@op": "SET",
        "@at": instant(occasion.at),
        "PersonNumber": foreigner.number,
        "FIN": foreigner.fin,
    }


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    at = {"@at": instant(occasion.at)}
    if not content["Permit"]:
        link = {"PersonNumber": content["Link"][0]["PersonNumber"]}
        if operation not in ("annul", "restore"):
            link["FIN"] = content["Link"][0]["FIN"]
        told = {"@op": _LINK_OPERATIONS[operation]} | at | link
        return _header(occasion) | {"Permit": [], "Link": [told]}
    permit: Content = content["Permit"][0]
    if operation in ("annul", "restore"):
        permit = {"Number": permit["Number"]}
    else:
        permit = permit | {"Address": new_address(occasion.draw).full}
    told = permit | at | {"@op": migration_people.LATER[operation]}
    return _header(occasion) | {"Permit": [told], "Link": []}


def _records(content: Content) -> list[list[str]]:
    return [_permit_records(permit) for permit in content["Permit"]] + [
        ["subject_link"] for _ in content["Link"]
    ]


def _permit_records(permit: Content) -> list[str]:
    if "PersonNumber" not in permit:
        return ["residence_permit"]
    linked = ["subject_link"] if permit["FIN"] else []
    return ["person", "residence_permit", *linked]


def _render(content: Content) -> bytes:
    return document("MigrationRecords", migration_people.NAMESPACE, content)


_PERMIT = "Permit/0/"
_PERSON, _DOCUMENT, _LINKED = 0, 1, 2
_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    ("required", _PERMIT + "@at", REMOVED, None),
    ("required", _PERMIT + "PersonNumber", REMOVED, None),
    ("required", _PERMIT + "Surname", REMOVED, _PERSON),
    ("required", _PERMIT + "Number", REMOVED, _DOCUMENT),
    ("fin-format", _PERMIT + "FIN", "TST12", _LINKED),
    ("document-number-format", _PERMIT + "Number", "MYI?1#", _DOCUMENT),
    ("date-format", _PERMIT + "BirthDate", "00.00.1970", _PERSON),
    ("date-format", _PERMIT + "IssuedOn", "2024.05.06", _DOCUMENT),
    ("date-two-digit-year", _PERMIT + "BirthDate", "01/02/70", _PERSON),
    ("date-future", _PERMIT + "BirthDate", "01.01.2190", _PERSON),
    ("instant-format", _PERMIT + "@at", "T10", None),
    ("occurred-in-future", _PERMIT + "@at", FAR, None),
    ("unknown-code", _PERMIT + "@op", "EXTEND", None),
    ("unknown-code", _PERMIT + "Sex", "?", _PERSON),
    ("unknown-code", _PERMIT + "PermitType", "TYI", _DOCUMENT),
    ("text-length", _PERMIT + "GivenName", "Əli" * 200, _PERSON),
    ("required", "Link/0/PersonNumber", REMOVED, None),
    ("required", "Link/0/FIN", REMOVED, None),
    ("fin-format", "Link/0/FIN", "TST123456", None),
    ("instant-format", "Link/0/@at", "sabah", None),
    ("occurred-in-future", "Link/0/@at", FAR, None),
    ("unknown-code", "Link/0/@op", "KNOT", None),
)

FORM = Form(
    ministry="migration",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="Permit",
)
MINISTRY = Ministry("migration", 0.10, _tell)
