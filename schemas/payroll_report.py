"""Payroll returns: employees, wage fund, wages and premiums (decree 4.1.5; Tax Code 150.3.3)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.fields import Amount, Period
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Value

_MONTHS_OF_A_YEAR, _MONTHS_OF_A_QUARTER = 12, 3
_SUMS = {
    "wage_fund": "wage",
    "employee_premium": "employee_premium",
    "employer_premium": "employer_premium",
}


class PayrollLine(Value):
    """What was calculated for one worker (FİN) over so many months of the period, in manat.

    A premium is told for each payer of it: the employee and the employer.
    """

    worker: Identifier
    months: Annotated[int, Field(ge=1, le=_MONTHS_OF_A_YEAR)]
    wage: Amount
    employee_premium: Amount
    employer_premium: Amount


class PayrollReport(CanonicalRecord):
    """A payer's return for a period: calculated totals in manat, and the lines they come from.

    Totals are kept as the payer stated them, even where they are not the sums of the lines:
    ``mismatches`` tells. An amended return replaces the one before it.
    """

    record_type = "payroll_report"
    category = Category.C415

    payer: Identifier
    period: Period
    employees: Annotated[int, Field(ge=0)]
    wage_fund: Amount
    employee_premium: Amount
    employer_premium: Amount
    lines: list[PayrollLine]

    @model_validator(mode="after")
    def _within_the_period(self) -> Self:
        longest = _months(self.period)
        if any(line.months > longest for line in self.lines):
            raise ValueError("a line has more months than the period")
        return self

    @property
    def subject(self) -> str:
        """URN of the payer."""
        return self.payer.urn

    @property
    def fact_key(self) -> str:
        """The period: a payer files one return for each, and may amend it for three years."""
        return self.period

    def mismatches(self) -> tuple[str, ...]:
        """Names of the totals that the lines do not add up to; workers are counted once."""
        differing = [
            total
            for total, part in _SUMS.items()
            if getattr(self, total) != sum(getattr(line, part) for line in self.lines)
        ]
        if self.employees != len({line.worker.urn for line in self.lines}):
            differing.insert(0, "employees")
        return tuple(differing)


def _months(period: str) -> int:
    if "Q" in period:
        return _MONTHS_OF_A_QUARTER
    return 1 if "-" in period else _MONTHS_OF_A_YEAR
