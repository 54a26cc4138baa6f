"""What Health does to a record, in the words that all its documents share."""

from __future__ import annotations

from schemas.envelope import Operation

ACTIONS = {
    "NEW": Operation.CREATE,
    "AMEND": Operation.CHANGE,
    "CORRECT": Operation.CORRECT,
    "CANCEL": Operation.ANNUL,
    "RESTORE": Operation.RESTORE,
    "SNAPSHOT": Operation.SNAPSHOT,
    "VERIFY": Operation.VERIFY,
}
