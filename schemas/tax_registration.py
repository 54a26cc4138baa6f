"""Taxpayers: legal entities and entrepreneurs (decree 4.1.4; SEMIC Core Business)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.address import Address
from schemas.fields import Day, Text, absent
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Claim, Value


class CodedName(Value):
    """An entry of a classifier of the tax service; the name is in Azerbaijani."""

    code: Text
    name: Text


class TaxRegistration(CanonicalRecord):
    """A taxpayer under its VÖEN; an entrepreneur is also a ``person`` with a FİN.

    ``legal_entity_status`` is the hub's reading, ``status_code`` the tax service's own code.
    """

    record_type = "tax_registration"
    category = Category.C414
    about = ("person",)

    identifier: Identifier
    taxpayer_type: Literal["legal-entity", "entrepreneur"]
    legal_name: Text
    legal_form: CodedName | None = None
    legal_entity_status: Literal["active", "suspended", "liquidated"]
    status_code: Text | None = None
    registered_address: Address | None = None
    registration_date: Day | None = None
    tax_authority: CodedName | None = None
    person: Identifier | None = Field(default=None, validate_default=True)
    vat_payer: bool | None = None

    @field_validator("person")
    @classmethod
    def _known_for_entrepreneurs(
        cls, value: Identifier | None, info: ValidationInfo
    ) -> Identifier | None:
        if value is None and info.data.get("taxpayer_type") == "entrepreneur":
            raise absent("an entrepreneur is registered with a FİN")
        return value

    @property
    def subject(self) -> str:
        """URN of the VÖEN."""
        return self.identifier.urn

    def claims(self) -> tuple[Claim, ...]:
        """The golden legal entity, whose ``legalFormType`` is code and name."""
        fields = self.excerpt(
            "legal_name",
            "legal_form",
            "legal_entity_status",
            "registered_address",
            "registration_date",
            "taxpayer_type",
        )
        if "legalForm" in fields:
            fields["legalFormType"] = fields.pop("legalForm")
        return (Claim(entity="legal_entity", subject=self.subject, fields=fields),)
