"""Employment contract notices: strict JSON, one notice or a list of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from connectors._kit.content import JSON
from connectors._kit.contract import Item, Normalized, RawMessage, Rules
from connectors._kit.fields import Change, Reading, attempt, maybe
from connectors._kit.issued import issued
from connectors._kit.json import Object, parse_json
from schemas.build import build
from schemas.employment_contract import EmploymentContract
from schemas.envelope import Operation
from schemas.errors import Refused

CONTENT_TYPES = JSON

# What happened, and the contract's status after it; a correction's status follows from its end.
_EVENTS = {
    "CONCLUDED": (Operation.CREATE, "concluded"),
    "CHANGED": (Operation.CHANGE, "changed"),
    "TERMINATED": (Operation.CHANGE, "terminated"),
    "CORRECTED": (Operation.CORRECT, None),
    "CANCELLED": (Operation.ANNUL, None),
    "REINSTATED": (Operation.RESTORE, None),
}
_WORKING_TIMES = {"FULL": "full", "PART": "part"}
_NOTICE = ("noticeId", "sentAt", "eventType", "eventTime", "contract")
_CONTRACT = (
    "contractNumber",
    "employer",
    "employee",
    "position",
    "mainJob",
    "concludedOn",
    "startsOn",
    "endsOn",
    "workingTime",
    "monthlyWage",
)
_EMPLOYER = ("voen", "sun", "name")
_EMPLOYEE = ("pin", "ssn", "surname", "name", "patronymic")


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """One ``employment_contract`` per notice; the worker's names are not taken over."""
    notices = _notices(parse_json(raw, rules.limits, CONTENT_TYPES))
    for ordinal, notice in enumerate(notices):
        yield attempt(ordinal, partial(_contract, Reading(raw, rules), rules, ordinal, notice))


def _notices(root: Object) -> list[Object]:
    if not root.has("notices"):
        if not any(root.has(name) for name in ("noticeId", "eventType", "contract")):
            raise Refused("unknown-document", "", "expected a notice or an object with notices")
        return [root]
    root.only("notices")
    notices = root.children("notices")
    if not notices:
        raise Refused("required", "notices", "must hold at least one notice")
    return notices


def _contract(reading: Reading, rules: Rules, ordinal: int, notice: Object) -> Normalized:
    notice.only(*_NOTICE)
    operation, status = reading.code(notice, "eventType", _EVENTS)
    change = Change(operation, reading.occurred(notice, "eventTime"))
    contract = notice.child("contract")
    number = issued(contract, "contractNumber", rules.namespaces.employment_contract)
    if not operation.carries_content:
        contract.only("contractNumber")
        return reading.target(ordinal, EmploymentContract, number.urn, change)

    contract.only(*_CONTRACT)
    employer, employee = contract.child("employer"), contract.child("employee")
    employer.only(*_EMPLOYER)
    employee.only(*_EMPLOYEE)
    ends_on = maybe(reading.day, contract, "endsOn")
    values = {
        "contract": number,
        "employer": {
            "identifier": reading.voen(employer, "voen"),
            "sun": maybe(reading.text, employer, "sun"),
            "legal_name": reading.text(employer, "name"),
        },
        "worker": reading.fin(employee, "pin"),
        "ssn": maybe(reading.text, employee, "ssn"),
        "position": reading.text(contract, "position"),
        "main_job": contract.boolean("mainJob"),
        "date_concluded": reading.past_day(contract, "concludedOn"),
        "start_date": reading.day(contract, "startsOn"),
        "end_date": ends_on,
        "working_time": reading.code(contract, "workingTime", _WORKING_TIMES),
        "wage": {"amount": contract.decimal("monthlyWage", places=2)},
        "status": status or ("terminated" if ends_on else "concluded"),
    }
    paths = {"": contract.path, "wage": contract.at("monthlyWage")}
    return reading.record(ordinal, build(EmploymentContract, values, paths), change)
