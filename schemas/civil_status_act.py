"""Civil status acts (decree 3.1.1; Family Code 158-196): family-life data, restricted by law."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.fields import Day, GenericDate, PatronymicSuffix, Sex, Text, absent
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Claim, Classification, Value

_NAMES = ("given_name", "family_name", "patronymic_name", "patronymic_suffix")


class Certificate(Value):
    """The paper issued about the act."""

    series: Text
    number: Text
    date_issued: Day


class Participant(Value):
    """A person the act concerns; without ``identifier`` where the entry knows no FİN."""

    role: Literal[
        "child", "mother", "father", "deceased", "spouse", "applicant", "adoptee", "adopter"
    ]
    identifier: Identifier | None = None
    given_name: Text
    family_name: Text
    patronymic_name: Text | None = None
    patronymic_suffix: PatronymicSuffix | None = None
    sex: Sex
    date_of_birth: GenericDate | None = None


class NewName(Value):
    """The name an applicant bears from the act on."""

    given_name: Text
    family_name: Text
    patronymic_name: Text | None = None


class CivilStatusAct(CanonicalRecord):
    """An entry of the civil status register: office and number are its ``act`` identifier.

    The cause of a death is not exchanged. ``event_date`` is the day of birth, death and so on,
    ``act_date`` the day of registration; ``legal_ground`` names an application or court decision.
    """

    record_type = "civil_status_act"
    category = Category.C31
    classification = Classification.SPECIAL

    act: Identifier
    act_type: Literal[
        "birth", "death", "marriage", "divorce", "adoption", "paternity", "name-change"
    ]
    act_date: Day
    event_date: Day | None = None
    event_place: Text | None = None
    certificate: Certificate | None = None
    participants: list[Participant] = Field(min_length=1)
    new_name: NewName | None = Field(default=None, validate_default=True)
    legal_ground: Text | None = None

    @field_validator("new_name")
    @classmethod
    def _only_for_name_change(cls, value: NewName | None, info: ValidationInfo) -> NewName | None:
        act_type = info.data.get("act_type")
        if act_type == "name-change" and value is None:
            raise absent("a name change states the new name")
        if act_type not in (None, "name-change") and value is not None:
            raise ValueError("only a name change states a new name")
        return value

    @property
    def subject(self) -> str:
        """URN of the act."""
        return self.act.urn

    def claims(self) -> tuple[Claim, ...]:
        """The death of the deceased, the birth of the child, the applicant's new name."""
        claimed = ((person, self._claimed(person)) for person in self.participants)
        return tuple(
            Claim(entity="person", subject=person.identifier.urn, fields=fields)
            for person, fields in claimed
            if person.identifier and fields
        )

    def _claimed(self, person: Participant) -> dict[str, Any]:
        match self.act_type, person.role:
            case "death", "deceased":
                return _renamed(self.excerpt("event_date"), eventDate="dateOfDeath")
            case "birth", "child":
                event = self.excerpt("event_date", "event_place")
                born = _renamed(event, eventDate="dateOfBirth", eventPlace="placeOfBirth")
                return born | person.excerpt(*_NAMES, "sex", "date_of_birth")
            case "name-change", "applicant" if self.new_name:
                return self.new_name.excerpt("given_name", "family_name", "patronymic_name")
        return {}


def _renamed(values: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items()}
