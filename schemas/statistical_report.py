"""Statistics on the organisation of medical services (decree 4.1.1): never about a person."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.fields import Code, Measure, Period, absent
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class StatisticalReport(CanonicalRecord):
    """One figure: what ``indicator`` was at ``place`` (a facility or territory) in ``period``.

    ``value`` is absent exactly where it is ``suppressed``: a small count can identify people.
    """

    record_type = "statistical_report"
    category = Category.C411

    place: Identifier
    place_type: Literal["facility", "territory"]
    period: Period
    indicator: Code
    unit: Literal["person", "case", "service", "bed", "day", "percent", "per-1000", "manat"]
    suppressed: bool
    value: Measure | None = Field(default=None, validate_default=True)

    @field_validator("value")
    @classmethod
    def _told_unless_suppressed(cls, value: Measure | None, info: ValidationInfo) -> Measure | None:
        suppressed = info.data.get("suppressed")
        if value is None and suppressed is False:
            raise absent("a figure that is not suppressed has a value")
        if value is not None and suppressed:
            raise ValueError("a suppressed figure has no value")
        return value

    @property
    def subject(self) -> str:
        """URN of the place."""
        return self.place.urn

    @property
    def fact_key(self) -> str:
        """Indicator and period: a place reports many figures, each revised by itself."""
        return self.key(self.indicator, self.period)

    @staticmethod
    def key(indicator: str, period: str) -> str:
        """The fact key of a figure known by these alone."""
        return f"{indicator}:{period}"
