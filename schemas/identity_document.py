"""Identity documents of citizens (decree 4.1.2)."""

from __future__ import annotations

from typing import Literal

from schemas.fields import Day, Text
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category


class IdentityDocument(CanonicalRecord):
    """A card or passport and its holder; ``document`` is series and number joined.

    ``valid_until`` is absent for cards without limit (issued from the age of 55).
    """

    record_type = "identity_document"
    category = Category.C412
    about = ("holder",)

    document: Identifier
    holder: Identifier
    document_type: Literal["citizen-card", "child-card", "passport"]
    series: Text | None = None
    number: Text
    issued_by: Text | None = None
    date_issued: Day
    valid_until: Day | None = None
    status: Literal["valid", "lost", "stolen", "cancelled", "expired"]

    @property
    def subject(self) -> str:
        """URN of the document."""
        return self.document.urn
