"""Backups that were made, and the one a database was restored from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hub.evidence import audit
from hub.evidence.audit import Act
from hub.store.database import Row, Transaction


class Event(StrEnum):
    """What was done with a backup."""

    MADE = "made"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup; ``taken_at`` (aware) is the moment it shows, ``manifest_sha256`` is in hex.

    ``verified`` if it was restored and held against its manifest.
    """

    backup_id: UUID
    taken_at: datetime
    bytes: int
    manifest_sha256: str
    verified: bool


_NOTE = """
INSERT INTO evidence.backup (backup_id, event, at, taken_at, bytes, manifest_sha256, verified)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_LATEST = "SELECT max(taken_at) AS taken_at FROM evidence.backup WHERE event = 'made'"
_KNOWN = """
SELECT backup_id, event, at, taken_at, bytes, manifest_sha256, verified
FROM evidence.backup ORDER BY at DESC LIMIT %s
"""


def note(tx: Transaction, event: Event, backup: Backup, by: str, now: datetime) -> None:
    """Write down, in the audit too, what was done with a backup."""
    tx.execute(
        _NOTE,
        [backup.backup_id, event, now, backup.taken_at, backup.bytes, backup.manifest_sha256,
         backup.verified],
    )  # fmt: skip
    detail = {
        "takenAt": backup.taken_at.isoformat(),
        "bytes": backup.bytes,
        "manifest": backup.manifest_sha256,
        "verified": backup.verified,
    }
    act = Act(by, f"backup-{event}", f"backup:{backup.backup_id.hex}", detail=detail)
    audit.record(tx, act, now)


def latest(tx: Transaction) -> datetime | None:
    """Tell which moment the newest backup shows; None if there is none."""
    (row,) = tx.rows(_LATEST)
    moment: datetime | None = row["taken_at"]
    return moment


def known(tx: Transaction, most: int) -> list[Row]:
    """List what was done with backups, newest first."""
    return tx.rows(_KNOWN, [most])
