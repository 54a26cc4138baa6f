"""Ministry of Internal Affairs: events about one document, registration or citizenship."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Occasion
from hub.simulator.markup import dotted, envelope, instant
from hub.simulator.population import new_address

NAMESPACE = "urn:synthetic:interior:population:v1"
OPERATIONS = {
    "change": "CHANGE",
    "correct": "CORRECTION",
    "annul": "ANNULMENT",
    "restore": "RESTORATION",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFICATION",
}

_RECORDS = {
    "DocumentEvent": "identity_document",
    "RegistrationEvent": "residence_registration",
    "CitizenshipEvent": "citizenship",
}
_WEIGHTS = (45, 45, 10)
_KEYS = ("@pin", "Series", "Number")


def tell(occasion: Occasion) -> Document:
    """Make a notification of events of one kind."""
    name = occasion.draw.choices(tuple(_RECORDS), _WEIGHTS)[0]
    events = occasion.draw.choices((1, 2), (80, 20))[0]
    make = {
        "DocumentEvent": _document,
        "RegistrationEvent": _registration,
        "CitizenshipEvent": _citizenship,
    }[name]
    return Document(FORM, _header(occasion) | {name: [make(occasion) for _ in range(events)]})


def _header(occasion: Occasion) -> Content:
    return {"MessageId": occasion.message_id, "SentAt": instant(occasion.at)}


def _begun(occasion: Occasion, pin: str) -> Content:
    kind = occasion.draw.choices(("NEW", "SNAPSHOT", "VERIFICATION"), (80, 15, 5))[0]
    return {"@kind": kind, "@at": instant(occasion.at), "@pin": pin}


def _document(occasion: Occasion) -> Content:
    person, draw = occasion.person(), occasion.draw
    issued = occasion.at.date() - timedelta(days=draw.randrange(1, 3000))
    kind, series, digits = draw.choices(
        (("ID", "AZE", 8), ("ID", "AA", 7), ("CHILD", "AA", 7), ("PASSPORT", "C", 8)),
        (30, 40, 20, 10),
    )[0]
    return _begun(occasion, person.fin) | {
        "@type": kind,
        "Series": series,
        "Number": f"{person.index + (5_000_000 if kind == 'CHILD' else 0):0{digits}d}",
        "IssuedBy": "SINAQ ASAN 2",
        "IssueDate": dotted(issued),
        "ValidUntil": dotted(issued + timedelta(days=3652)) if occasion.chance(0.8) else None,
        "Status": draw.choices(("VALID", "LOST", "CANCELLED"), (90, 5, 5))[0],
    }


def _registration(occasion: Occasion) -> Content:
    person, stays = occasion.person(), occasion.chance(0.2)
    since = occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 3000))
    return _begun(occasion, person.fin) | {
        "@type": "STAY" if stays else "RESIDENCE",
        "Address": {"@unit": person.place.unit, "#": person.place.full},
        "RegisteredOn": dotted(since),
        "ValidUntil": dotted(since + timedelta(days=180)) if stays else None,
        "RegisteredBy": "SINAQ RPŞ",
    }


def _citizenship(occasion: Occasion) -> Content:
    lost = occasion.chance(0.2)
    since = occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 3000))
    return _begun(occasion, occasion.person().fin) | {
        "@country": "AZE",
        "Status": "LOST" if lost else "HELD",
        "LostOn": dotted(since) if lost else None,
        "Ground": "Sınaq qərarı",
    }


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    name = _kind(content)
    event: Content = content[name][0]
    if operation in ("annul", "restore"):
        keys = (*_KEYS, *(("@type",) if name == "RegistrationEvent" else ()), "@country")
        event = {key: event[key] for key in keys if key in event}
    elif name == "RegistrationEvent":
        place = new_address(occasion.draw)
        event = event | {"Address": {"@unit": place.unit, "#": place.full}}
    operated = {"@kind": OPERATIONS[operation], "@at": instant(occasion.at)}
    return _header(occasion) | {name: [event | operated]}


def _kind(content: Content) -> str:
    return next(name for name in _RECORDS if name in content)


def _records(content: Content) -> list[list[str]]:
    name = _kind(content)
    return [[_RECORDS[name]] for _ in content[name]]


def _render(content: Content) -> bytes:
    return envelope("PersonNotification", "pr", NAMESPACE, content)


_D, _R, _C = "DocumentEvent/0/", "RegistrationEvent/0/", "CitizenshipEvent/0/"
_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    *((rule, name + path, value) for name in (_D, _R, _C) for rule, path, value in (
        ("required", "@pin", REMOVED),
        ("fin-format", "@pin", "TST1"),
        ("instant-format", "@at", "now"),
        ("occurred-in-future", "@at", FAR),
        ("unknown-code", "@kind", "MIRACLE"),
        ("unknown-field", "Photo", "x"),
    )),
    ("required", _D + "Number", REMOVED),
    ("document-number-format", _D + "Number", "1#2"),
    ("unknown-code", _D + "@type", "LICENCE"),
    ("date-format", _D + "IssueDate", "31.02.2020"),
    ("required", _R + "Address", REMOVED),
    ("date-two-digit-year", _R + "RegisteredOn", "01.02.20"),
    ("date-future", _R + "RegisteredOn", "01.01.2190"),
    ("unknown-code", _R + "@type", "HOTEL"),
    ("required", _C + "@country", REMOVED),
    ("value", _C + "@country", "Azerbaijan"),
    ("unknown-code", _C + "Status", "SOLD"),
)  # fmt: skip

FORM = Form(
    ministry="interior",
    syntax="soap",
    content_type="text/xml; charset=utf-8",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="DocumentEvent",
)
