"""What Economy does to a record, in the words that all its documents share."""

from __future__ import annotations

from schemas.envelope import Operation

OPERATIONS = {
    "NEW": Operation.CREATE,
    "CHANGE": Operation.CHANGE,
    "CORRECTION": Operation.CORRECT,
    "ANNULMENT": Operation.ANNUL,
    "RESTORATION": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFICATION": Operation.VERIFY,
}
