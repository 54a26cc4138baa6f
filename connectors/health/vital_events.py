"""Notices of birth and death: people named by FİN only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import partial

from lxml import etree

from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.issued import issued
from connectors._kit.xml import Element, open_xml
from connectors.health.actions import ACTIONS
from schemas.build import build
from schemas.dates import BAKU, parse_date
from schemas.errors import Refused
from schemas.identifiers import Identifier
from schemas.vital_event_notice import VitalEventNotice

NAMESPACE, NAME = "urn:synthetic:health:vital-events:v1", "VitalEvents"

_EVENTS = {"BIRTH": "birth", "DEATH": "death"}
_ATTRIBUTES = ("@id", "@kind", "@action", "@at")
_LOCAL_MINUTE = re.compile(r"(\S+) ([01][0-9]|2[0-3]):([0-5][0-9])")


def read(document: etree._Element, raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``vital_event_notice`` per ``Notice``."""
    root = open_xml(document, NAMESPACE, NAME, rules.limits)
    root.only("Notice", "@batch", "@created")
    notices = root.children("Notice")
    if not notices:
        raise Refused("required", "Notice", "must be given")
    for ordinal, notice in enumerate(notices):
        yield attempt(ordinal, partial(_notice, raw, rules, ordinal, notice))


def _notice(raw: RawMessage, rules: Rules, ordinal: int, notice: Element) -> Normalized:
    reading = Reading(raw, rules)
    operation = reading.code(notice, "@action", ACTIONS)
    change = Change(operation, reading.occurred(notice, "@at"))
    number = issued(notice, "@id", rules.namespaces.vital_event_notice)
    event = reading.code(notice, "@kind", _EVENTS)
    if not operation.carries_content:
        notice.only(*_ATTRIBUTES)
        return reading.target(ordinal, VitalEventNotice, number.urn, change)

    who = "Mother" if event == "birth" else "Deceased"
    notice.only(*_ATTRIBUTES, "Facility", "EventTime", "Sex", who)
    latest = raw.received_at + timedelta(seconds=rules.limits.future_tolerance_seconds)
    person = partial(_person, reading)
    values = {
        "notice": number,
        "event": event,
        "facility_code": reading.digits(notice, "Facility", 6, 6),
        "event_time": _event_time(notice, latest),
        "mother": maybe(person, notice, who) if event == "birth" else None,
        "deceased": person(notice, who) if event == "death" else None,
        "sex": maybe(reading.sex, notice, "Sex"),
    }
    return reading.record(ordinal, build(VitalEventNotice, values, {"": notice.path}), change)


def _person(reading: Reading, notice: Element, name: str) -> Identifier:
    person = notice.child(name)
    person.only("@fin")
    return reading.fin(person, "@fin")


def _event_time(notice: Element, latest: datetime) -> datetime:
    """``DD.MM.YYYY HH:MM`` in Baku, aware."""
    path = notice.at("EventTime")
    parts = _LOCAL_MINUTE.fullmatch(notice.text("EventTime"))
    if not parts:
        raise Refused("instant-format", path, "must be DD.MM.YYYY HH:MM")
    try:
        day = parse_date(parts[1], not_after=None)
    except Refused as error:
        rule = "instant-format" if error.rule == "date-format" else error.rule
        raise Refused(rule, path, error.explanation) from None
    moment = datetime.combine(day, time(int(parts[2]), int(parts[3])), BAKU)
    if moment > latest:
        raise Refused("date-future", path, "lies in the future")
    return moment
