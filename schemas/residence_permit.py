"""Permits of foreigners and stateless persons to reside (decree 4.1.2; Migration Code 8)."""

from __future__ import annotations

from typing import Literal

from schemas.address import Address
from schemas.fields import CountryCode, Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class ResidencePermit(CanonicalRecord):
    """A temporary (MYİ) or permanent (DYİ) permit; ``holder`` is the migration person number."""

    record_type = "residence_permit"
    category = Category.C412
    about = ("holder",)

    document: Identifier
    holder: Identifier
    permit_type: Literal["temporary", "permanent"]
    date_issued: Day
    valid_until: Day | None = None
    purpose: Text | None = None
    citizenship: CountryCode
    address: Address | None = None
    status: Literal["valid", "cancelled", "expired"]

    @property
    def subject(self) -> str:
        """URN of the permit."""
        return self.document.urn
