"""Notices of births and deaths from medical institutions (Family Code 166.3 and 194.1).

They precede registration and prove nothing about names or dates in the golden record.
"""

from __future__ import annotations

from typing import Literal

from schemas.fields import Instant, Sex, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category, Classification


class VitalEventNotice(CanonicalRecord):
    """A birth or death seen by a facility; ``mother`` and ``deceased`` are FİNs where known."""

    record_type = "vital_event_notice"
    category = Category.C31
    classification = Classification.SPECIAL
    about = ("mother", "deceased")

    notice: Identifier
    event: Literal["birth", "death"]
    event_time: Instant
    facility_code: Text
    mother: Identifier | None = None
    deceased: Identifier | None = None
    sex: Sex | None = None

    @property
    def subject(self) -> str:
        """URN of the notice."""
        return self.notice.urn
