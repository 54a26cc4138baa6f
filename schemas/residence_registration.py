"""Registration at a place of residence or a place of stay (decree 4.1.2): two different things."""

from __future__ import annotations

from typing import Literal

from schemas.address import Address
from schemas.fields import Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Claim


class ResidenceRegistration(CanonicalRecord):
    """Where ``holder`` is registered: to live (``residence``) or for a time (``stay``).

    ``valid_until`` is the term of a registration, ``date_ended`` the day it was ended.
    """

    record_type = "residence_registration"
    category = Category.C412

    holder: Identifier
    registration_type: Literal["residence", "stay"]
    address: Address
    date_registered: Day
    valid_until: Day | None = None
    date_ended: Day | None = None
    registered_by: Text | None = None

    @property
    def subject(self) -> str:
        """URN of the holder."""
        return self.holder.urn

    @property
    def fact_key(self) -> str:
        """Residence or stay: one of each stands at a time; a move changes it, and the former
        address stays in its history."""
        return self.registration_type

    def claims(self) -> tuple[Claim, ...]:
        """The domicile, while a registration of residence has not ended; a stay claims none."""
        if self.registration_type == "stay" or self.date_ended is not None:
            return ()
        domicile = {"domicile": self.excerpt("address")["address"]}
        return (Claim(entity="person", subject=self.subject, fields=domicile),)
