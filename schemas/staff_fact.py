"""Facts that the Agency's own staff enters (decree 2.11): a source apart from the ministries."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from schemas.address import Address
from schemas.fields import CountryCode, Day, GenericDate, Instant, PatronymicSuffix, Sex, Text
from schemas.fields import absent as missing
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Claim, Value

ENTERED_BY = "agency"
"""The source's name, where a ministry's would stand."""


class PersonStatement(Value):
    """What is said of a person, by the names of the golden record; at least one of them."""

    given_name: Text | None = None
    family_name: Text | None = None
    patronymic_name: Text | None = None
    patronymic_suffix: PatronymicSuffix | None = None
    sex: Sex | None = None
    date_of_birth: GenericDate | None = None
    date_of_death: Day | None = None
    place_of_birth: Text | None = None
    citizenship: list[CountryCode] = Field(default_factory=list)
    domicile: Address | None = None


class LegalEntityStatement(Value):
    """What is said of a legal entity, by the names of the golden record; at least one of them."""

    legal_name: Text | None = None
    registered_address: Address | None = None
    registration_date: Day | None = None


class StaffFact(CanonicalRecord):
    """What an operator states of ``identifier``, on which ``authority`` and for what ``purpose``.

    ``fact`` numbers it. ``evidence`` is the document that was seen. Without ``approved_by`` one
    person was enough. From ``ended_at`` on, which is when it expired, it says nothing any more.
    """

    record_type = "staff_fact"
    category = Category.C211

    identifier: Identifier
    fact: Text
    person: PersonStatement | None = None
    legal_entity: LegalEntityStatement | None = Field(default=None, validate_default=True)
    authority: Text
    purpose: Text
    evidence: Text | None = None
    entered_by: Text
    approved_by: Text | None = None
    expires_at: Instant | None = None
    ended_at: Instant | None = None

    @field_validator("person", "legal_entity")
    @classmethod
    def _says_something(cls, value: Value | None) -> Value | None:
        if value is not None and not value.excerpt(*type(value).model_fields):
            raise missing("a fact says something")
        return value

    @field_validator("legal_entity")
    @classmethod
    def _of_one(
        cls, value: LegalEntityStatement | None, info: ValidationInfo
    ) -> LegalEntityStatement | None:
        if "person" in info.data and (value is None) == (info.data["person"] is None):
            raise missing("a fact is about a person or about a legal entity")
        return value

    @property
    def subject(self) -> str:
        """URN of whom it is about."""
        return self.identifier.urn

    @property
    def fact_key(self) -> str:
        """Its number: each fact ends, or is withdrawn, by itself."""
        return self.fact

    @property
    def entity(self) -> str:
        """Which golden record it speaks of."""
        return "person" if self.person else "legal_entity"

    @property
    def said(self) -> dict[str, Any]:
        """Field values by the golden record's names."""
        statement = self.person or self.legal_entity
        return statement.excerpt(*type(statement).model_fields) if statement else {}

    def claims(self) -> tuple[Claim, ...]:
        """What it says, until it ends."""
        if self.ended_at is not None:
            return ()
        return (Claim(entity=self.entity, subject=self.subject, fields=self.said),)
