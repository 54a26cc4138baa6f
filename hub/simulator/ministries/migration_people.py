"""State Migration Service: people without a FİN, their protection and where they are registered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Occasion
from hub.simulator.markup import document, dotted, instant
from hub.simulator.population import Foreigner, new_address

NAMESPACE = "urn:synthetic:migration:unified:v1"
LATER = {
    "change": "CHANGE",
    "correct": "CORRECT",
    "annul": "ANNUL",
    "restore": "RESTORE",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFY",
}

_NAMES = ("Person", "Protection", "Registration")
_WEIGHTS = (15, 5, 80)


def tell(occasion: Occasion) -> Document:
    """Make a document of entries of one kind."""
    name = occasion.draw.choices(_NAMES, _WEIGHTS)[0]
    entries = occasion.draw.choices((1, 3), (80, 20))[0]
    make = {"Person": _person, "Protection": _protection, "Registration": _registration}[name]
    return Document(FORM, _header(occasion) | {name: [make(occasion) for _ in range(entries)]})


def _header(occasion: Occasion) -> Content:
    return {"@id": occasion.message_id, "@sent": instant(occasion.at)}


def _begun(occasion: Occasion, operation: str, number: str) -> Content:
    return {"@op": operation, "@at": instant(occasion.at), "PersonNumber": number}


def _who(occasion: Occasion, foreigner: Foreigner, country: str) -> Content:
    return {
        "FIN": foreigner.fin if occasion.chance(0.2) else None,
        "Surname": foreigner.surname,
        "GivenName": foreigner.name,
        "Patronymic": foreigner.father,
        "Sex": occasion.draw.choice(("Kişi", "M", "1") if foreigner.sex == "M" else ("F", "2")),
        "BirthDate": str(foreigner.born.year),
        "Citizenship": country,
    }


def _person(occasion: Occasion) -> Content:
    foreigner = occasion.foreigner()
    return _begun(occasion, "NEW", foreigner.number) | _who(occasion, foreigner, foreigner.country)


def _protection(occasion: Occasion) -> Content:
    foreigner = occasion.foreigner()
    issued = occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 700))
    kind = occasion.draw.choice(("REFUGEE", "UNHCR", "CERTIFICATE"))
    who = _who(occasion, foreigner, "XXB" if kind == "REFUGEE" else "XXA")
    return {"@type": kind} | _begun(occasion, "ISSUE", foreigner.number) | who | {
        "Number": f"SINAQ {foreigner.number}" if kind != "UNHCR" else None,
        "IssuedOn": dotted(issued),
        "ValidUntil": dotted(issued + timedelta(days=365)) if kind == "CERTIFICATE" else None,
        "Address": foreigner.place.full,
    }  # fmt: skip


def _registration(occasion: Occasion) -> Content:
    foreigner = occasion.foreigner()
    since = occasion.at.date() - timedelta(days=occasion.draw.randrange(1, 300))
    kind = occasion.draw.choices(("STAY", "RESIDENCE"), (85, 15))[0]
    return {"@type": kind} | _begun(occasion, "NEW", foreigner.number) | {
        "Address": foreigner.place.full,
        "RegisteredOn": dotted(since),
        "ValidUntil": dotted(since + timedelta(days=90)),
    }  # fmt: skip


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    name = _kind(content)
    entry: Content = content[name][0]
    if operation in ("annul", "restore"):
        entry = {key: entry[key] for key in ("@type", "PersonNumber") if key in entry}
    elif "Address" in entry:
        entry = entry | {"Address": new_address(occasion.draw).full}
    operated = {"@op": LATER[operation], "@at": instant(occasion.at)}
    return _header(occasion) | {name: [entry | operated]}


def _kind(content: Content) -> str:
    return next(name for name in _NAMES if name in content)


def _records(content: Content) -> list[list[str]]:
    name = _kind(content)
    own = {"Protection": "protection_status", "Registration": "residence_registration"}.get(name)
    return [_told(entry, own) for entry in content[name]]


def _told(entry: Content, own: str | None) -> list[str]:
    if "Surname" not in entry:
        return [own or "person"]
    return ["person", *([own] if own else []), *(["subject_link"] if entry["FIN"] else [])]


def _render(content: Content) -> bytes:
    return document("MigrationRecords", NAMESPACE, content)


_P, _S, _R = "Person/0/", "Protection/0/", "Registration/0/"
_BREAKAGES: tuple[tuple[str, str, Any, int | None], ...] = (
    *((rule, name + path, value, None) for name in (_P, _S, _R) for rule, path, value in (
        ("required", "PersonNumber", REMOVED),
        ("value", "PersonNumber", "12"),
        ("instant-format", "@at", "sabah"),
        ("occurred-in-future", "@at", FAR),
        ("unknown-code", "@op", "EXPEL"),
        ("unknown-field", "Liability", "x"),
    )),
    ("required", _P + "Surname", REMOVED, 0),
    ("unknown-code", _P + "Sex", "X", 0),
    ("date-two-digit-year", _P + "BirthDate", "01.01.85", 0),
    ("value", _P + "Citizenship", "Georgia", 0),
    ("required", _S + "IssuedOn", REMOVED, 1),
    ("unknown-code", _S + "@type", "TOURIST", 1),
    ("date-future", _S + "IssuedOn", "01.01.2190", 1),
    ("required", _R + "Address", REMOVED, 0),
    ("unknown-code", _R + "@type", "VISIT", 0),
    ("date-format", _R + "RegisteredOn", "32.01.2020", 0),
)  # fmt: skip

FORM = Form(
    ministry="migration",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="Person",
)
