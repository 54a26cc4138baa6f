"""Pensions, disability, benefits and unemployment (decree 3.1.3): facts, not eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.fields import Day, Text, absent
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Classification

Kind = Literal["old-age", "disability", "loss-of-breadwinner", "allowance", "targeted-assistance"]

_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "pension": ("old-age", "disability", "loss-of-breadwinner"),
    "benefit": ("allowance", "targeted-assistance"),
    "disability": (),
    "unemployment": (),
}


class SocialStatus(CanonicalRecord):
    """A status granted to ``person`` (FİN) from ``start_date``; without end while it lasts.

    ``kind`` says which pension or benefit. Special category: a disability is health data.
    """

    record_type = "social_status"
    category = Category.C31
    classification = Classification.SPECIAL
    about = ("person",)

    status: Identifier
    person: Identifier
    status_type: Literal["pension", "disability", "benefit", "unemployment"]
    kind: Kind | None = Field(default=None, validate_default=True)
    disability_degree: Text | None = None
    basis: Text | None = None
    start_date: Day
    end_date: Day | None = None

    @field_validator("kind")
    @classmethod
    def _of_the_type(cls, value: Kind | None, info: ValidationInfo) -> Kind | None:
        kinds = _KINDS.get(info.data.get("status_type", ""))
        if kinds and value is None:
            raise absent("a pension or benefit says of which kind it is")
        if kinds is not None and value is not None and value not in kinds:
            raise ValueError("is no kind of this status")
        return value

    @field_validator("disability_degree")
    @classmethod
    def _of_a_disability(cls, value: Text | None, info: ValidationInfo) -> Text | None:
        if value is not None and info.data.get("status_type") not in (None, "disability"):
            raise ValueError("only a disability has a degree")
        return value

    @property
    def subject(self) -> str:
        """URN of the status, not of the person, who may have several at once."""
        return self.status.urn
