"""Ministry of Justice: SOAP, one civil status act a message, a sequence number, Kişi and Qadın."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import dotted, envelope, instant
from hub.simulator.population import Person

NAMESPACE = "urn:synthetic:justice:civil-status:v1"

_OPERATIONS = {
    "change": "AMEND",
    "correct": "CORRECT",
    "annul": "ANNUL",
    "restore": "RESTORE",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFY",
}
_ROLES = {
    "BIRTH": ("CHILD", "MOTHER", "FATHER"),
    "DEATH": ("DECEASED",),
    "MARRIAGE": ("SPOUSE", "SPOUSE"),
    "DIVORCE": ("SPOUSE", "SPOUSE"),
    "ADOPTION": ("ADOPTEE", "ADOPTER"),
    "PATERNITY": ("CHILD", "FATHER"),
    "NAME_CHANGE": ("APPLICANT",),
}
_FREQUENCIES = (96, 60, 54, 22, 3, 5, 12)
_GROUNDS = ("Məhkəmə qərarı", "Ərizə", "Notariat təsdiqi")


def _tell(occasion: Occasion) -> Document:
    act_type = occasion.draw.choices(tuple(_ROLES), _FREQUENCIES)[0]
    content = _header(occasion, "REGISTER") | {"Act": _act(occasion, act_type)}
    return Document(FORM, content)


def _header(occasion: Occasion, operation: str) -> Content:
    return {
        "MessageId": occasion.message_id,
        "Sequence": str(occasion.sequence),
        "SentAt": instant(occasion.at),
        "Operation": operation,
        "EffectiveAt": instant(occasion.at),
    }


def _act(occasion: Occasion, act_type: str) -> Content:
    first, *others = (occasion.person() for _ in _ROLES[act_type])
    happened = _event_date(occasion, act_type, first)
    registered = happened + timedelta(days=occasion.draw.randrange(10))
    return {
        "ActType": act_type,
        "OfficeCode": f"{occasion.index % 99 + 1:03d}",
        "ActNumber": str(max(occasion.index, 1)),
        "ActDate": dotted(registered),
        "EventDate": dotted(happened),
        "EventPlace": first.place.city,
        "Certificate": {
            "Series": "SN",
            "Number": f"{occasion.index:07d}",
            "IssueDate": dotted(registered),
        },
        "Participant": [
            _participant(role, person)
            for role, person in zip(_ROLES[act_type], (first, *others), strict=True)
        ],
        "NewName": _new_name(occasion) if act_type == "NAME_CHANGE" else None,
    }


def _event_date(occasion: Occasion, act_type: str, person: Person) -> date:
    if act_type == "BIRTH":
        return person.born
    return occasion.at.date() - timedelta(days=occasion.draw.randrange(20, 300))


def _participant(role: str, person: Person) -> Content:
    return {
        "@role": role,
        "FIN": person.fin,
        "Surname": person.surname,
        "Name": person.name,
        "Patronymic": person.patronymic,
        "Sex": "Kişi" if person.sex == "M" else "Qadın",
        "BirthDate": dotted(person.born),
    }


def _new_name(occasion: Occasion) -> Content:
    other = occasion.person()
    return {"Surname": other.surname, "Name": other.name}


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    act: Content = content["Act"]
    if operation in ("annul", "restore"):
        act = {key: act[key] for key in ("OfficeCode", "ActNumber")}
    else:
        act = act | {"EventPlace": occasion.person().place.city}
    ground = {"LegalGround": occasion.draw.choice(_GROUNDS)}
    return _header(occasion, _OPERATIONS[operation]) | {"Act": act | ground}


def _records(_: Content) -> list[list[str]]:
    return [["civil_status_act"]]


def _render(content: Content) -> bytes:
    return envelope("CivilStatusNotification", "cs", NAMESPACE, content)


_PARTICIPANT = "Act/Participant/0/"
_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", "Act/ActType", REMOVED),
    ("required", "Act/ActNumber", REMOVED),
    ("required", "EffectiveAt", REMOVED),
    ("required", _PARTICIPANT + "Surname", REMOVED),
    ("fin-format", _PARTICIPANT + "FIN", "TST12"),
    ("fin-format", _PARTICIPANT + "FIN", "TST-12A"),
    ("fin-format", _PARTICIPANT + "FIN", "TSTƏ123"),
    ("date-format", "Act/EventDate", "31.02.2020"),
    ("date-format", "Act/ActDate", "yanvar 2020"),
    ("date-two-digit-year", "Act/ActDate", "15.01.99"),
    ("date-future", _PARTICIPANT + "BirthDate", "01.01.2190"),
    ("instant-format", "EffectiveAt", "dünən"),
    ("occurred-in-future", "EffectiveAt", FAR),
    ("unknown-code", "Act/ActType", "ENGAGEMENT"),
    ("unknown-code", "Operation", "ERASE"),
    ("unknown-code", _PARTICIPANT + "Sex", "N/A"),
    ("unknown-code", _PARTICIPANT + "@role", "WITNESS"),
    ("text-length", _PARTICIPANT + "Surname", "Sınaqov" * 100),
)

FORM = Form(
    ministry="justice",
    syntax="soap",
    content_type="text/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
)
MINISTRY = Ministry("justice", 0.03, _tell)
