"""The audit: who did what, when and why. Rows are only ever added; the database sees to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.store.database import Row, Transaction, as_json


@dataclass(frozen=True, slots=True)
class Act:
    """One act. ``object`` names what it was done to; ``detail`` never holds personal data.

    ``reason`` is what the actor says, ``basis`` what entitled them, ``outcome`` how it ended.
    """

    actor: str
    action: str
    object: str
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    basis: str | None = None
    outcome: str = "done"


_RECORD = """
INSERT INTO evidence.audit (at, actor, action, object, reason, detail, basis, outcome)
VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s, %s)
"""

_ABOUT = """
SELECT at, actor, action, object, reason, detail, basis, outcome FROM evidence.audit
WHERE object IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb))
ORDER BY entry_id
"""


def record(tx: Transaction, act: Act, now: datetime) -> None:
    """Write an act down, in the transaction that does it."""
    detail = as_json(dict(act.detail))
    done = [act.actor, act.action, act.object, act.reason, detail, act.basis, act.outcome]
    tx.execute(_RECORD, [now, *done])


def about(tx: Transaction, *objects: str) -> list[Row]:
    """Read everything that was done to some things, oldest first."""
    return tx.rows(_ABOUT, [as_json(list(objects))])
