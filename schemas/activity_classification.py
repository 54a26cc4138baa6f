"""Activity codes of legal entities and entrepreneurs (decree 4.1.6)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from schemas.errors import Refused
from schemas.fields import Code
from schemas.identifiers import Identifier
from schemas.record import CanonicalRecord, Category

_WRITTEN = re.compile(r"[0-9]{2}\.?[0-9]{2}([0-9]|[0-9]{3})?")


class ActivityClassification(CanonicalRecord):
    """What a taxpayer does, as a code of 4, 5 or 7 digits without dot.

    ``code_system`` and ``code_version`` name the classifier: the state's follows NACE, and the
    tax service has had a level of seven digits under it since 2021.
    """

    record_type = "activity_classification"
    category = Category.C416

    taxpayer: Identifier
    code: Annotated[str, Field(pattern=r"^[0-9]{4}([0-9]|[0-9]{3})?$")]
    code_system: Code
    code_version: Code

    @property
    def subject(self) -> str:
        """URN of the taxpayer's VÖEN."""
        return self.taxpayer.urn

    @property
    def fact_key(self) -> str:
        """The code system: one code in each; a new version of the system replaces the code."""
        return self.code_system


def parse_activity_code(text: str) -> str:
    """Read a code with or without the dot after its division: ``62.01`` → ``6201``.

    Raise ``Refused`` (``activity-code-format``).
    """
    if not _WRITTEN.fullmatch(text.strip()):
        raise Refused("activity-code-format", "", "must be 4, 5 or 7 digits, perhaps as NN.NN")
    return text.strip().replace(".", "")
