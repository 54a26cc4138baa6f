"""Persons: who somebody is (decree 4.1.2; SEMIC Core Person)."""

from __future__ import annotations

from pydantic import Field

from schemas.address import Address
from schemas.fields import CountryCode, Day, GenericDate, PatronymicSuffix, Sex, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Claim, Value

_GOLDEN = (
    "given_name",
    "family_name",
    "patronymic_name",
    "patronymic_suffix",
    "sex",
    "date_of_birth",
    "date_of_death",
    "place_of_birth",
    "citizenship",
    "domicile",
)


class ReceivedNames(Value):
    """Names as the sender wrote them, before casing and alphabet were normalized."""

    given_name: Text | None = None
    family_name: Text | None = None
    patronymic_name: Text | None = None


class Person(CanonicalRecord):
    """A natural person, identified by FİN or, without one, by a ministry's person number.

    ``patronymic_name`` is the father's given name alone; foreigners may have none (Migration
    Code 8.1.3). ``date_of_birth`` may be a year or month. ``domicile`` is the residence.
    """

    record_type = "person"
    category = Category.C412

    identifier: Identifier
    given_name: Text
    family_name: Text
    patronymic_name: Text | None = None
    patronymic_suffix: PatronymicSuffix | None = None
    names_as_received: ReceivedNames | None = None
    sex: Sex
    date_of_birth: GenericDate
    date_of_death: Day | None = None
    place_of_birth: Text | None = None
    citizenship: list[CountryCode] = Field(default_factory=list)
    domicile: Address | None = None

    @property
    def subject(self) -> str:
        """URN of the person's identifier."""
        return self.identifier.urn

    def claims(self) -> tuple[Claim, ...]:
        """Everything known of the person."""
        return (Claim(entity="person", subject=self.subject, fields=self.excerpt(*_GOLDEN)),)
