"""Ministry of Labour: strict JSON, contract notices, one bare or several in a list."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import instant
from hub.simulator.ministries import labour_statuses

_STATUS_SHARE = 0.1
_POSITIONS = ("Mühasib", "Sürücü", "Müəllim", "Həkim", "İcraçı direktor", "Qaynaqçı", "Aşpaz")


def _tell(occasion: Occasion) -> Document:
    notices = occasion.draw.choices((1, 2, 5), (80, 15, 5))[0]
    content = {"notices": [_notice(occasion, number) for number in range(notices)]}
    return Document(FORM, content)


def _notice(occasion: Occasion, number: int) -> Content:
    ended = occasion.chance(0.1)
    if occasion.chance(_STATUS_SHARE):
        status = labour_statuses.status(occasion, number, ended=ended)
        header = _header(occasion, "ENDED" if ended else "GRANTED", number)
        return header | {"socialStatus": status}
    return _header(occasion, "TERMINATED" if ended else "CONCLUDED", number) | {
        "contract": _contract(occasion, number, ended=ended)
    }


def _header(occasion: Occasion, event: str, number: int) -> Content:
    return {
        "noticeId": f"{occasion.message_id}-{number}",
        "sentAt": instant(occasion.at),
        "eventType": event,
        "eventTime": instant(occasion.at),
    }


def _contract(occasion: Occasion, number: int, *, ended: bool) -> Content:
    company, worker = occasion.company(), occasion.person()
    starts = occasion.at.date() - timedelta(days=occasion.draw.randrange(60, 2000))
    return {
        "contractNumber": f"EM-{occasion.index:09d}-{number}",
        "employer": {"voen": company.voen, "sun": f"{worker.index:08d}", "name": company.name},
        "employee": {
            "pin": worker.fin,
            "ssn": f"{worker.index:013d}",
            "surname": worker.surname,
            "name": worker.name,
            "patronymic": worker.patronymic,
        },
        "position": occasion.draw.choice(_POSITIONS),
        "mainJob": occasion.chance(0.9),
        "concludedOn": (starts - timedelta(days=3)).isoformat(),
        "startsOn": starts.isoformat(),
        "endsOn": (starts + timedelta(days=50)).isoformat() if ended else None,
        "workingTime": occasion.draw.choice(("FULL", "FULL", "PART")),
        "monthlyWage": _wage(occasion),
    }


def _wage(occasion: Occasion) -> float:
    return occasion.draw.randrange(40_000, 500_000) / 100


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    notice: Content = content["notices"][0]
    header = _header(occasion, labour_statuses.OPERATIONS[operation], 0)
    if "socialStatus" in notice:
        status = labour_statuses.followed(notice["socialStatus"], operation)
        return {"notices": [header | {"socialStatus": status}]}
    contract: Content = notice["contract"]
    if operation in ("annul", "restore"):
        contract = {"contractNumber": contract["contractNumber"]}
    else:
        contract = contract | {"monthlyWage": _wage(occasion)}
    return {"notices": [header | {"contract": contract}]}


def _records(content: Content) -> list[list[str]]:
    return [
        ["social_status" if "socialStatus" in notice else "employment_contract"]
        for notice in content["notices"]
    ]


def _render(content: Content) -> bytes:
    notices = content["notices"]
    whole = notices[0] if len(notices) == 1 else content
    return json.dumps(whole, ensure_ascii=False).encode()


_CONTRACT = "notices/0/contract/"
_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", "notices/0/eventTime", REMOVED),
    ("required", _CONTRACT + "startsOn", REMOVED),
    ("required", _CONTRACT + "employee/pin", REMOVED),
    ("fin-format", _CONTRACT + "employee/pin", "TST12"),
    ("voen-format", _CONTRACT + "employer/voen", "001234567"),
    ("voen-format", _CONTRACT + "employer/voen", "00123O5671"),
    ("date-format", _CONTRACT + "startsOn", "2020-02-31"),
    ("date-two-digit-year", _CONTRACT + "startsOn", "20-02-01"),
    ("instant-format", "notices/0/eventTime", "2020-02-31T10:00:00+04:00"),
    ("occurred-in-future", "notices/0/eventTime", FAR),
    ("unknown-code", "notices/0/eventType", "SUSPENDED"),
    ("unknown-code", _CONTRACT + "workingTime", "NIGHT"),
    ("type", _CONTRACT + "monthlyWage", "850.00"),
    ("type", _CONTRACT + "mainJob", 1),
    ("type", _CONTRACT + "employee/pin", 1234567),
    ("type", _CONTRACT + "monthlyWage", True),
    ("value", _CONTRACT + "monthlyWage", 850.005),
    ("text-length", _CONTRACT + "position", "Mühasib" * 100),
    ("unknown-field", _CONTRACT + "employee/nickname", "Sınaq"),
    *labour_statuses.BREAKAGES,
)

FORM = Form(
    ministry="labour",
    syntax="json",
    content_type="application/json",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="notices",
)
MINISTRY = Ministry("labour", 0.45, _tell)
