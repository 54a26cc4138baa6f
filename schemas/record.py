"""The base of every canonical record: what it is about, which clause it serves, what it claims.

A canonical record is one immutable value in SEMIC/FHIR terms. It knows its *fact*: the pair
``subject`` (what or whom it is about, a URN) and ``fact_key`` (which of the subject's facts,
``""`` where there can be only one). Together with the source these identify the fact whose
versions the registry folds. Its *claims* are what it says about golden records.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MAX_TEXT = 500


class Category(StrEnum):
    """Clause of decree 308 under which a record is exchanged; ``c31`` = clause 3.1.

    ``c211`` = clause 2.11: what the Agency's own staff enters, no body's to exchange.
    """

    C211 = "c211"
    C31 = "c31"
    C411 = "c411"
    C412 = "c412"
    C413 = "c413"
    C414 = "c414"
    C415 = "c415"
    C416 = "c416"
    C417 = "c417"


class Classification(StrEnum):
    """Handling label that travels with the record (decree 2.9.1; Law on Personal Data)."""

    OPEN = "open"
    OFFICIAL = "official-use"
    SPECIAL = "special-category"


class Value(BaseModel):
    """A frozen part of a record; JSON names are camelCase, unknown names are refused.

    Nothing is coerced: a number sent as text is an error. Dates, instants and amounts come as
    Python values or as the text our own JSON has for them (``schemas.fields``).
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        loc_by_alias=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        str_max_length=MAX_TEXT,
        hide_input_in_errors=True,
    )

    def excerpt(self, *fields: str) -> dict[str, Any]:
        """JSON values of some fields by their JSON names; what is absent or empty is left out."""
        values = self.model_dump(mode="json", include=set(fields), exclude_none=True)
        return {name: value for name, value in values.items() if value != []}


class Claim(Value):
    """What a fact says about one golden record: ``entity`` (``person``/``legal_entity``), its
    subject URN, and field values by golden column name (JSON values, dates as ISO text)."""

    entity: str
    subject: str
    fields: dict[str, Any]


class CanonicalRecord(Value):
    """One normalized record. Subclasses set the class variables and the two identity properties.

    The class variables are all that routing, registry and contracts need to know of a new
    record: a schema module that defines a subclass is complete by itself.
    """

    record_type: ClassVar[str]
    record_version: ClassVar[int] = 1
    category: ClassVar[Category]
    classification: ClassVar[Classification] = Classification.OFFICIAL
    essential: ClassVar[tuple[str, ...]] = ()
    """Fields it is of no use without, beside those that ``schemas.essentials`` finds by itself."""
    about: ClassVar[tuple[str, ...]] = ()
    """Fields that name whom it is about where that is not the subject; it is found by them."""

    @property
    def subject(self) -> str:
        """URN of what the record is about, stable for the life of the fact."""
        raise NotImplementedError

    @property
    def fact_key(self) -> str:
        """Which fact of the subject this is; empty where the subject has only one of the type."""
        return ""

    def claims(self) -> tuple[Claim, ...]:
        """What this record contributes to golden records; none unless a subclass says so."""
        return ()

    def links(self) -> tuple[tuple[str, str], ...]:
        """Pairs (alias URN, FİN URN) this record joins; none unless a subclass says so."""
        return ()
