"""Ministry of Labour: notices of pensions, disability, benefits and unemployment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.simulator.form import REMOVED, Content, Occasion

OPERATIONS = {
    "change": "CHANGED",
    "correct": "CORRECTED",
    "annul": "CANCELLED",
    "restore": "REINSTATED",
    "snapshot": "SNAPSHOT",
    "verify": "VERIFIED",
}

_TYPES: tuple[tuple[str, str | None], ...] = (
    ("PENSION", "OLD_AGE"),
    ("PENSION", "DISABILITY"),
    ("PENSION", "LOSS_OF_BREADWINNER"),
    ("BENEFIT", "ALLOWANCE"),
    ("BENEFIT", "TARGETED_ASSISTANCE"),
    ("DISABILITY", None),
    ("UNEMPLOYMENT", None),
)
_WEIGHTS = (40, 10, 5, 15, 10, 10, 10)


def status(occasion: Occasion, number: int, *, ended: bool) -> Content:
    """Make the part of a notice that tells of a status."""
    draw = occasion.draw
    kind, of_kind = draw.choices(_TYPES, _WEIGHTS)[0]
    starts = occasion.at.date() - timedelta(days=draw.randrange(60, 2000))
    return {
        "statusNumber": f"SS-{occasion.index:09d}-{number}",
        "pin": occasion.person().fin,
        "type": kind,
        **({"kind": of_kind} if of_kind else {}),
        **({"degree": draw.choice(("I", "II", "III"))} if kind == "DISABILITY" else {}),
        "basis": "Sınaq qərarı",
        "startsOn": starts.isoformat(),
        "endsOn": (starts + timedelta(days=50)).isoformat() if ended else None,
    }


def followed(status: Content, operation: str) -> Content:
    """Make the part of a later notice of the same status."""
    if operation in ("annul", "restore"):
        return {"statusNumber": status["statusNumber"]}
    return status | {"basis": "Yeni sınaq qərarı"}


_STATUS = "notices/0/socialStatus/"
BREAKAGES: tuple[tuple[str, str, Any], ...] = (
    ("required", _STATUS + "pin", REMOVED),
    ("required", _STATUS + "kind", REMOVED),
    ("fin-format", _STATUS + "pin", "TST12"),
    ("type", _STATUS + "basis", 5),
    ("date-format", _STATUS + "startsOn", "2020-02-31"),
    ("date-two-digit-year", _STATUS + "startsOn", "20-02-01"),
    ("period-order", _STATUS + "endsOn", "1990-01-01"),
    ("unknown-code", _STATUS + "type", "WEALTH"),
    ("unknown-code", _STATUS + "kind", "LOTTERY"),
    ("text-length", _STATUS + "basis", "Sınaq" * 150),
    ("unknown-field", _STATUS + "amount", 1),
)
