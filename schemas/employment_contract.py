"""Employment contract notices (decree 3.1.3; Labour Code 3(5-1), 43.2 and 49)."""

from __future__ import annotations

from typing import Literal

from schemas.fields import Amount, Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Value


class Employer(Value):
    """Who employs: VÖEN, social insurance number of the employer (``sun``) and name."""

    identifier: Identifier
    sun: Text | None = None
    legal_name: Text


class Wage(Value):
    """The monthly wage, in manat."""

    amount: Amount
    currency: Literal["AZN"] = "AZN"


class EmploymentContract(CanonicalRecord):
    """One contract; a worker may have several, one of them being the main job.

    ``worker`` is a FİN, ``ssn`` the worker's social insurance number; ``end_date`` is absent
    while the contract has no end.
    """

    record_type = "employment_contract"
    category = Category.C31
    about = ("worker",)

    contract: Identifier
    employer: Employer
    worker: Identifier
    ssn: Text | None = None
    position: Text
    main_job: bool
    date_concluded: Day
    start_date: Day
    end_date: Day | None = None
    working_time: Literal["full", "part"]
    wage: Wage
    status: Literal["concluded", "changed", "terminated"]

    @property
    def subject(self) -> str:
        """URN of the contract."""
        return self.contract.urn
