"""Refugees and persons under protection (decree 4.1.3), who may have no FİN."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.address import Address
from schemas.fields import CountryCode, Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Classification


class ProtectionStatus(CanonicalRecord):
    """A refugee card, the protection of UNHCR, or the temporary certificate of an applicant.

    ``holder`` is the migration person number; a ``subject_link`` joins it to a FİN once there is
    one. ``document_number`` is free text: no numbering is published. ``citizenship`` may be
    ``XXA`` (stateless) or ``XXB`` (refugee). Special category, since it tells of persecution.
    """

    record_type = "protection_status"
    category = Category.C413
    classification = Classification.SPECIAL

    holder: Identifier
    protection_type: Literal["refugee-card", "unhcr-protection", "temporary-certificate"]
    document_number: Annotated[Text, Field(max_length=20)] | None = None
    date_issued: Day
    valid_until: Day | None = None
    citizenship: CountryCode
    address: Address | None = None

    @property
    def subject(self) -> str:
        """URN of the holder, not of the document, which may have no number and is renewed."""
        return self.holder.urn

    @property
    def fact_key(self) -> str:
        """The kind of protection: a certificate and the card that follows it are two facts."""
        return self.protection_type
