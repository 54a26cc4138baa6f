"""Civil status notifications (SOAP, one act each) to ``civil_status_act`` records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors._kit.content import SOAP
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.soap import unwrap
from connectors._kit.xml import Element, open_xml, parse_xml
from schemas.build import build
from schemas.civil_status_act import CivilStatusAct
from schemas.envelope import Operation
from schemas.identifiers import Identifier

NAMESPACE = "urn:synthetic:justice:civil-status:v1"

_OPERATIONS = {
    "REGISTER": Operation.CREATE,
    "AMEND": Operation.CHANGE,
    "CORRECT": Operation.CORRECT,
    "ANNUL": Operation.ANNUL,
    "RESTORE": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFY": Operation.VERIFY,
}
_ACT_TYPES = {
    "BIRTH": "birth",
    "DEATH": "death",
    "MARRIAGE": "marriage",
    "DIVORCE": "divorce",
    "ADOPTION": "adoption",
    "PATERNITY": "paternity",
    "NAME_CHANGE": "name-change",
}
_ROLES = {
    "CHILD": "child",
    "MOTHER": "mother",
    "FATHER": "father",
    "DECEASED": "deceased",
    "SPOUSE": "spouse",
    "APPLICANT": "applicant",
    "ADOPTEE": "adoptee",
    "ADOPTER": "adopter",
}


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One item: the act; paths are relative to ``CivilStatusNotification``."""
    payload = unwrap(parse_xml(raw, rules.limits, SOAP))
    notification = open_xml(payload, NAMESPACE, "CivilStatusNotification", rules.limits)
    reading = Reading(raw, rules)
    namespace = rules.namespaces.civil_status_act
    yield attempt(0, lambda: _notification(notification, reading, namespace))


def _notification(notification: Element, reading: Reading, namespace: str) -> Normalized:
    notification.only("MessageId", "Sequence", "SentAt", "Operation", "EffectiveAt", "Act")
    change = Change(
        reading.code(notification, "Operation", _OPERATIONS),
        reading.occurred(notification, "EffectiveAt"),
        reading.integer(notification, "Sequence"),
    )
    act = notification.child("Act")
    office = reading.digits(act, "OfficeCode", 3, 3)
    number = reading.digits(act, "ActNumber", 1, 8)
    identifier = Identifier(type=namespace, notation=f"{office}-{number}")
    if change.operation.carries_content:
        return reading.record(0, _act(act, identifier, reading), change)
    act.only("OfficeCode", "ActNumber", "LegalGround")
    return reading.target(0, CivilStatusAct, identifier.urn, change)


def _act(act: Element, identifier: Identifier, reading: Reading) -> CivilStatusAct:
    act.only(
        "ActType",
        "OfficeCode",
        "ActNumber",
        "ActDate",
        "EventDate",
        "EventPlace",
        "Certificate",
        "Participant",
        "NewName",
        "LegalGround",
    )
    values = {
        "act": identifier,
        "act_type": reading.code(act, "ActType", _ACT_TYPES),
        "act_date": reading.past_day(act, "ActDate"),
        "event_date": maybe(reading.past_day, act, "EventDate"),
        "event_place": maybe(reading.text, act, "EventPlace"),
        "certificate": maybe(_certificate, act, "Certificate", reading),
        "participants": [_participant(each, reading) for each in act.children("Participant")],
        "new_name": maybe(_new_name, act, "NewName", reading),
        "legal_ground": maybe(reading.text, act, "LegalGround"),
    }
    paths = {"": act.path, "participants": act.at("Participant"), "new_name": act.at("NewName")}
    return build(CivilStatusAct, values, paths)


def _certificate(act: Element, name: str, reading: Reading) -> dict[str, Any]:
    certificate = act.child(name)
    certificate.only("Series", "Number", "IssueDate")
    return {
        "series": reading.text(certificate, "Series"),
        "number": reading.text(certificate, "Number"),
        "date_issued": reading.past_day(certificate, "IssueDate"),
    }


def _participant(participant: Element, reading: Reading) -> dict[str, Any]:
    participant.only("@role", "FIN", "Surname", "Name", "Patronymic", "Sex", "BirthDate")
    return {
        "role": reading.code(participant, "@role", _ROLES),
        "identifier": maybe(reading.fin, participant, "FIN"),
        **reading.names(participant, "Surname", "Name", "Patronymic"),
        "sex": reading.sex(participant, "Sex"),
        "date_of_birth": maybe(reading.birth, participant, "BirthDate"),
    }


def _new_name(act: Element, name: str, reading: Reading) -> dict[str, Any]:
    new_name = act.child(name)
    new_name.only("Surname", "Name", "Patronymic")
    names = reading.names(new_name, "Surname", "Name", "Patronymic")
    del names["patronymic_suffix"]  # a change of name does not change whose child one is
    return names
