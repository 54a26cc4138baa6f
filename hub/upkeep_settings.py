"""Parts of the settings: what keeps a deployment safe. Backups, retention, drills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from hub.sections import Section

_LEAST_DAYS_OF_BODIES = 30
Days = Annotated[int, Field(ge=0, le=36_600)]


class RetentionSettings(Section):
    """After how many days what goes; 0: never. No law sets these: the operator defines them."""

    bodies_days: Days = Field(
        1095, description="bodies of messages, by whole days; at least 30, or 0"
    )
    letter_bodies_days: Days = Field(
        365, description="bodies of dead letters that were settled, replaced or discarded"
    )
    notices_days: Days = Field(1095, description="notices that were published and are not due")
    findings_days: Days = Field(
        400, description="warnings about settled records, and resolved quality findings"
    )
    outages_days: Days = Field(
        1095, description="turns of breakers, quality rounds; the downtime register stays"
    )
    documents_days: Days = Field(
        400, description="progress of documents that came in parts and are complete"
    )
    claims_days: Days = Field(30, description="claims of messages that had killed a process")

    def periods(self) -> dict[str, int]:
        """The periods in days, by kind."""
        return {name.removesuffix("_days"): days for name, days in self.model_dump().items()}

    @field_validator("bodies_days")
    @classmethod
    def _no_fresh_evidence(cls, days: int) -> int:
        if days != 0 and days < _LEAST_DAYS_OF_BODIES:
            raise ValueError("30 days or more, or 0 for never")
        return days


class DrillSettings(Section):
    """What drills watch."""

    prometheus: Annotated[str, Field(pattern=r"^https?://")] | None = Field(
        None, description="Prometheus whose alerts are watched, `http://host:9090`; unset: none"
    )


class BackupSettings(Section):
    """Where backups go, and with which programs they are made."""

    folder: Path | None = Field(None, description="folder that backups are made in")
    programs: Path | None = Field(
        None, description="folder of `pg_dump` and `pg_restore`; unset: where they are installed"
    )
    recipient: Path | None = Field(
        None,
        description="public key (X25519, PEM) that the database in a backup is encrypted for; "
        "unset: it is not",
    )
    private_key: Path | None = Field(
        None, description="private key (X25519, PEM) that opens encrypted backups, to restore"
    )
