"""Employment contracts: concluded, changed, terminated."""

from __future__ import annotations

from connectors._kit.contract import Normalized, Rules
from connectors._kit.fields import Change, Reading, maybe
from connectors._kit.issued import issued
from connectors._kit.json import Object
from schemas.build import build
from schemas.employment_contract import EmploymentContract
from schemas.envelope import Operation

PART = "contract"

# What happened, and the contract's status after it; in all others the status follows from its end.
_EVENTS = {
    "CONCLUDED": (Operation.CREATE, "concluded"),
    "CHANGED": (Operation.CHANGE, "changed"),
    "TERMINATED": (Operation.CHANGE, "terminated"),
    "CORRECTED": (Operation.CORRECT, None),
    "CANCELLED": (Operation.ANNUL, None),
    "REINSTATED": (Operation.RESTORE, None),
    "SNAPSHOT": (Operation.SNAPSHOT, None),
    "VERIFIED": (Operation.VERIFY, None),
}
_WORKING_TIMES = {"FULL": "full", "PART": "part"}
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


def employment_contract(reading: Reading, rules: Rules, ordinal: int, notice: Object) -> Normalized:
    """The contract of a notice; the worker's names are not taken over."""
    operation, status = reading.code(notice, "eventType", _EVENTS)
    change = Change(operation, reading.occurred(notice, "eventTime"))
    contract = notice.child(PART)
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
