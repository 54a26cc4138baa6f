"""Full-time study, on which the insurance of persons under 23 may depend."""

from __future__ import annotations

from typing import Literal

from schemas.fields import Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class StudyEnrolment(CanonicalRecord):
    """One enrolment of one student at one institution."""

    record_type = "study_enrolment"
    category = Category.C31

    enrolment: Identifier
    student: Identifier
    institution: Text
    level: Literal["secondary", "bachelor", "master"]
    start_date: Day
    end_date: Day | None = None

    @property
    def subject(self) -> str:
        """URN of the enrolment."""
        return self.enrolment.urn
