"""What the peers read and write: a contract notice as pydantic models, and its table."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(min_length=1, max_length=200)]

TABLE = """
CREATE TABLE IF NOT EXISTS contract (
    number        text PRIMARY KEY,
    event_time    timestamptz NOT NULL,
    event_type    text NOT NULL,
    employer_voen text NOT NULL,
    employer_sun  text,
    employer_name text NOT NULL,
    worker        text NOT NULL,
    ssn           text,
    position      text NOT NULL,
    main_job      boolean NOT NULL,
    concluded_on  date NOT NULL,
    starts_on     date NOT NULL,
    ends_on       date,
    working_time  text NOT NULL,
    wage          numeric NOT NULL,
    data          jsonb NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now()
)
"""

UPSERT = """
INSERT INTO contract (number, event_time, event_type, employer_voen, employer_sun, employer_name,
    worker, ssn, position, main_job, concluded_on, starts_on, ends_on, working_time, wage, data)
VALUES (%(number)s, %(event_time)s, %(event_type)s, %(employer_voen)s, %(employer_sun)s,
    %(employer_name)s, %(worker)s, %(ssn)s, %(position)s, %(main_job)s, %(concluded_on)s,
    %(starts_on)s, %(ends_on)s, %(working_time)s, %(wage)s, %(data)s::jsonb)
ON CONFLICT (number) DO UPDATE SET event_time = excluded.event_time,
    event_type = excluded.event_type, employer_voen = excluded.employer_voen,
    employer_sun = excluded.employer_sun, employer_name = excluded.employer_name,
    worker = excluded.worker, ssn = excluded.ssn, position = excluded.position,
    main_job = excluded.main_job, concluded_on = excluded.concluded_on,
    starts_on = excluded.starts_on, ends_on = excluded.ends_on,
    working_time = excluded.working_time, wage = excluded.wage, data = excluded.data,
    updated_at = now()
WHERE contract.event_time <= excluded.event_time
"""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Employer(_Model):
    """Who employs."""

    voen: Annotated[str, Field(pattern=r"^[0-9]{10}$")]
    sun: Name | None = None
    name: Name


class Employee(_Model):
    """Who works."""

    pin: Annotated[str, Field(pattern=r"^[0-9A-Z]{7}$")]
    ssn: Name | None = None
    surname: Name
    name: Name
    patronymic: Name | None = None


class Contract(_Model):
    """The contract."""

    contract_number: Name
    employer: Employer
    employee: Employee
    position: Name
    main_job: bool
    concluded_on: date
    starts_on: date
    ends_on: date | None = None
    working_time: Literal["FULL", "PART"]
    monthly_wage: Annotated[Decimal, Field(ge=0, decimal_places=2)]


class Notice(_Model):
    """A notice of one contract."""

    notice_id: Name
    sent_at: datetime
    event_type: Literal["CONCLUDED", "CHANGED", "TERMINATED"]
    event_time: datetime
    contract: Contract

    def row(self) -> dict[str, Any]:
        """The parameters of ``UPSERT``."""
        told = self.contract
        return {
            "number": told.contract_number,
            "event_time": self.event_time,
            "event_type": self.event_type,
            "employer_voen": told.employer.voen,
            "employer_sun": told.employer.sun,
            "employer_name": told.employer.name,
            "worker": told.employee.pin,
            "ssn": told.employee.ssn,
            "position": told.position,
            "main_job": told.main_job,
            "concluded_on": told.concluded_on,
            "starts_on": told.starts_on,
            "ends_on": told.ends_on,
            "working_time": told.working_time,
            "wage": told.monthly_wage,
            "data": self.model_dump_json(by_alias=True),
        }
