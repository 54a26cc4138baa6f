"""Citizenship acquired and lost (decree 4.1.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationInfo, field_validator

from schemas.fields import CountryCode, Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class Citizenship(CanonicalRecord):
    """That ``holder`` holds or has lost the citizenship of ``country``.

    Claims nothing: a golden field has one winner, and one country is not all of a person's. The
    golden ``citizenship`` is the list that ``person`` records give.
    """

    record_type = "citizenship"
    category = Category.C412

    holder: Identifier
    country: CountryCode
    status: Literal["held", "lost"]
    date_acquired: Day | None = None
    date_lost: Day | None = None
    ground: Text | None = None

    @field_validator("date_lost")
    @classmethod
    def _only_when_lost(cls, value: Day | None, info: ValidationInfo) -> Day | None:
        if value is not None and info.data.get("status") == "held":
            raise ValueError("a citizenship that is held has not been lost")
        return value

    @property
    def subject(self) -> str:
        """URN of the holder."""
        return self.holder.urn

    @property
    def fact_key(self) -> str:
        """The country: a person may have several citizenships, each gained and lost by itself."""
        return self.country
