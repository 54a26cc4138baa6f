"""Events as ministries might cause them: every operation, few versions, contradictions, links.

Persons, numbers and names are invented; a FİN of a test starts with ``TST``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.catalogue import record_class
from schemas.envelope import Event, Operation, make_event
from schemas.record import CanonicalRecord

EPOCH = datetime(2026, 3, 2, tzinfo=UTC)
FINS = tuple(f"TST000{number}" for number in range(1, 6))
ALIASES = tuple(f"0000000{number}" for number in range(1, 5))
BARE = (Operation.ANNUL, Operation.RESTORE)


def fin(notation: str) -> dict[str, str]:
    return {"notation": notation, "type": "urn:az:pid:fin"}


def fin_urn(notation: str) -> str:
    return f"urn:az:pid:fin:{notation}"


def alias(notation: str) -> dict[str, str]:
    return {"notation": notation, "type": "urn:az:pid:smx"}


def alias_urn(notation: str) -> str:
    return f"urn:az:pid:smx:{notation}"


def event(
    record_type: str,
    data: Mapping[str, Any],
    *,
    ministry: str,
    message_id: str,
    operation: Operation = Operation.CREATE,
    version: int = 1,
    ordinal: int = 0,
) -> Event:
    """Build an event; for annul and restore ``data`` only names the fact."""
    of_type: type[CanonicalRecord] = record_class(record_type, 1)
    record = of_type.model_validate(data)
    return make_event(
        of_type,
        None if operation in BARE else record,
        subject=record.subject,
        fact_key=record.fact_key,
        ministry=ministry,
        message_id=message_id,
        ordinal=ordinal,
        operation=operation,
        occurred_at=EPOCH + timedelta(minutes=version),
        sequence=version,
        received_at=EPOCH + timedelta(days=1),
    )


def person(identifier: Mapping[str, str], name: str = "Sınaq", **more: Any) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "givenName": name,
        "familyName": "Nümunəyev",
        "sex": "male",
        "dateOfBirth": "1980-05-01",
    } | more


def link(from_alias: str, to_fin: str) -> dict[str, Any]:
    return {"alias": alias(from_alias), "identifier": fin(to_fin)}


def act(number: int, act_type: str, participant: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "act": {"notation": f"000-{number}", "type": "urn:az:act"},
        "actType": act_type,
        "actDate": "2026-02-10",
        "eventDate": "2026-02-01",
        "participants": [participant],
    } | more


def participant(role: str, notation: str | None, name: str = "Misal") -> dict[str, Any]:
    who = {"role": role, "givenName": name, "familyName": "Nümunəyev", "sex": "female"}
    return who | ({"identifier": fin(notation)} if notation else {})


def family_act(number: int, child: str, father: str, mother: str, **more: Any) -> dict[str, Any]:
    """The registration of a birth in February 2026, unless ``more`` says another day."""
    people = [
        participant("child", child) | {"givenName": "Körpə"},
        participant("father", father) | {"sex": "male"},
        participant("mother", mother),
    ]
    return act(number, "birth", {}) | {"participants": people} | more


def renaming(number: int, role: str, who: str, given: str, family: str) -> dict[str, Any]:
    """An applicant, father or mother of somebody, takes new names on 2026-02-10."""
    applicant = participant("applicant", who, "Köhnə")
    sex = "male" if role == "father" else "female"
    new_name = {"givenName": given, "familyName": family}
    return act(number, "name-change", applicant | {"sex": sex}, newName=new_name)


def contract(number: int, worker: str, position: str) -> dict[str, Any]:
    return {
        "contract": {"notation": f"C{number}", "type": "urn:az:contract"},
        "employer": {
            "identifier": {"notation": "0000001041", "type": "urn:az:org:voen"},
            "legalName": "Nümunə MMC",
        },
        "worker": fin(worker),
        "position": position,
        "mainJob": True,
        "dateConcluded": "2026-01-02",
        "startDate": "2026-01-03",
        "workingTime": "full",
        "wage": {"amount": "1250.00", "currency": "AZN"},
        "status": "concluded",
    }


def taxpayer(name: str) -> dict[str, Any]:
    return {
        "identifier": {"notation": "0000001041", "type": "urn:az:org:voen"},
        "taxpayerType": "legal-entity",
        "legalName": name,
        "legalEntityStatus": "active",
    }


def turmoil(seed: int, size: int) -> list[Event]:
    """Draw events about few persons at few versions, so that they collide as often as possible."""
    draw = random.Random(seed)
    return [_any(draw, f"m{number}") for number in range(size)]


def _any(draw: random.Random, message_id: str) -> Event:
    name = draw.choice(("Sınaq", "Misal", "Örnək"))
    notation, other = draw.choice(FINS), draw.choice(ALIASES)
    dead = {"dateOfDeath": f"2026-02-0{draw.randint(1, 3)}"} if draw.random() < 0.3 else {}
    choices: list[tuple[str, str, dict[str, Any]]] = [
        ("interior", "person", person(fin(notation), name, **dead)),
        ("migration", "person", person(alias(other), name, citizenship=["TUR"])),
        ("migration", "person", person(fin(notation), name, sex="female")),
        ("migration", "subject_link", link(other, notation)),
        ("interior", "subject_link", link(other, notation)),
        ("justice", "civil_status_act", _act(draw, notation, name)),
        ("labour", "employment_contract", contract(draw.randint(1, 2), notation, name)),
        ("economy", "tax_registration", taxpayer(name)),
    ]
    ministry, record_type, data = draw.choice(choices)
    return event(
        record_type,
        data,
        ministry=ministry,
        message_id=message_id,
        operation=draw.choice(list(Operation)),
        version=draw.randint(1, 4),
    )


def _act(draw: random.Random, notation: str, name: str) -> dict[str, Any]:
    known = draw.choice((notation, notation, None))
    kind = draw.randint(1, 5)
    if kind == 1:
        return act(1, "birth", participant("child", known, name))
    if kind == 2:
        return act(2, "death", participant("deceased", known, name))
    if kind == 3:
        return family_act(4, draw.choice(FINS), draw.choice(FINS), draw.choice(FINS))
    if kind == 4:
        return renaming(5, "mother", draw.choice(FINS), name, "Misalzadə")
    new_name = {"givenName": name, "familyName": "Misalzadə"}
    return act(3, "name-change", participant("applicant", known), newName=new_name)
