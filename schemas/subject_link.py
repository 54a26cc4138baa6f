"""Links from a person number of a ministry to the FİN of the same person."""

from __future__ import annotations

from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class SubjectLink(CanonicalRecord):
    """States that ``alias`` and ``identifier`` (a FİN) are one person.

    A fact like any other: versioned, correctable, annullable. It re-keys nothing.
    """

    record_type = "subject_link"
    category = Category.C412

    alias: Identifier
    identifier: Identifier

    @property
    def subject(self) -> str:
        """URN of the alias: an alias belongs to one FİN at a time."""
        return self.alias.urn

    def links(self) -> tuple[tuple[str, str], ...]:
        """The one pair."""
        return ((self.alias.urn, self.identifier.urn),)
