"""Grants as the gate sees them: a document, its version, and how it stands right now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.grant_document import GrantDocument


class Standing(StrEnum):
    """How a grant stands; ``revoked`` is for good. Expiry is not a standing but the clock's."""

    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Grant:
    """One version of a grant that was put in force, and how the grant stands.

    ``entry`` counts the changes of standing: what is handed out again after one is logged again.
    """

    grant_id: str
    version: int
    standing: Standing
    document: GrantDocument
    entry: int = 1
