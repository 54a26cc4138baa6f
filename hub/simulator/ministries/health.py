"""Ministry of Health: XML batches of birth and death notices, sex as 1 or 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import FAR, REMOVED, Breakage, Content, Document, Form, Ministry, Occasion
from hub.simulator.markup import document, instant
from hub.simulator.ministries import health_statistics

NAMESPACE = "urn:synthetic:health:vital-events:v1"

_OPERATIONS = {
    "change": "AMEND",
    "correct": "CORRECT",
    "annul": "CANCEL",
    "restore": "RESTORE",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFY",
}
_STATISTICS_SHARE = 0.4


def _tell(occasion: Occasion) -> Document:
    if occasion.chance(_STATISTICS_SHARE):
        return health_statistics.tell(occasion)
    notices = occasion.draw.choices((1, 3, 10), (50, 40, 10))[0]
    content = _header(occasion) | {
        "Notice": [_notice(occasion, number) for number in range(notices)]
    }
    return Document(FORM, content)


def _header(occasion: Occasion) -> Content:
    return {"@batch": occasion.message_id, "@created": instant(occasion.at)}


def _notice(occasion: Occasion, number: int) -> Content:
    person = occasion.person()
    birth = occasion.chance(0.6)
    happened = occasion.at - timedelta(minutes=occasion.draw.randrange(10, 3000))
    who = {"Mother": {"@fin": person.fin}} if birth else {"Deceased": {"@fin": person.fin}}
    return {
        "@id": f"{occasion.index:09d}-{number}",
        "@kind": "BIRTH" if birth else "DEATH",
        "@action": "NEW",
        "@at": instant(occasion.at),
        "Facility": f"{occasion.draw.randrange(1_000_000):06d}",
        "EventTime": happened.strftime("%d.%m.%Y %H:%M"),
        **who,
        "Sex": occasion.draw.choice(("1", "2", None)),
    }


def _follow(content: Content, operation: str, occasion: Occasion) -> Content:
    notice: Content = content["Notice"][0]
    if operation in ("annul", "restore"):
        notice = {key: notice[key] for key in ("@id", "@kind")}
    else:
        notice = notice | {"Facility": f"{occasion.draw.randrange(1_000_000):06d}"}
    operated = {"@action": _OPERATIONS[operation], "@at": instant(occasion.at)}
    return _header(occasion) | {"Notice": [notice | operated]}


def _records(content: Content) -> list[list[str]]:
    return [["vital_event_notice"] for _ in content["Notice"]]


def _render(content: Content) -> bytes:
    return document("VitalEvents", NAMESPACE, content)


_BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", "Notice/0/@id", REMOVED),
    ("required", "Notice/0/@at", REMOVED),
    ("required", "Notice/0/Facility", REMOVED),
    ("required", "Notice/0/Deceased", REMOVED),
    ("fin-format", "Notice/0/Deceased/@fin", "TST12"),
    ("fin-format", "Notice/0/Mother/@fin", "TST12345"),
    ("instant-format", "Notice/0/EventTime", "10:00 01.02.2020"),
    ("instant-format", "Notice/0/@at", "now"),
    ("occurred-in-future", "Notice/0/@at", FAR),
    ("unknown-code", "Notice/0/@kind", "COMA"),
    ("unknown-code", "Notice/0/@action", "FORGET"),
    ("unknown-code", "Notice/0/Sex", "3"),
)

FORM = Form(
    ministry="health",
    syntax="xml",
    content_type="application/xml",
    render=_render,
    records=_records,
    follow=_follow,
    breakages=[Breakage(*breakage) for breakage in _BREAKAGES],
    filler="Notice",
)
MINISTRY = Ministry("health", 0.05, _tell)
