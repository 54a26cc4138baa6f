"""The form in which an entered fact is kept in the journal: one operation on one fact, as JSON.

The hub writes it and reads it back, when it is entered and whenever it must be made again. It is
no connector that could be discovered: nobody sends such messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import orjson

from connectors._kit.contract import Connector, Item, Normalized, RawMessage, Rules
from connectors._kit.json import parse_json
from schemas.build import build
from schemas.envelope import Operation
from schemas.errors import Refused
from schemas.staff_fact import ENTERED_BY, StaffFact

CONTENT_TYPE = "application/vnd.qovsaq.staff-fact+json"
_MEMBERS = ("operation", "occurredAt", "fact")


def written(operation: Operation, occurred_at: datetime, fact: StaffFact) -> bytes:
    """Write an operation down; ``occurred_at`` (aware) is from when on it holds."""
    content = fact.model_dump(mode="json", exclude_none=True)
    return orjson.dumps(
        {"operation": operation, "occurredAt": occurred_at.isoformat(), "fact": content},
        option=orjson.OPT_SORT_KEYS,
    )


def normalize(raw: RawMessage, rules: Rules) -> Iterator[Item]:
    """Read it back; raise ``Refused`` where it is not of this form."""
    root = parse_json(raw, rules.limits, (CONTENT_TYPE,))
    root.only(*_MEMBERS)
    fact = build(StaffFact, orjson.loads(raw.body)["fact"], {"": "fact"})
    yield Normalized(
        ordinal=0,
        record_class=StaffFact,
        record=fact,
        subject=fact.subject,
        fact_key=fact.fact_key,
        operation=_operation(root.text("operation")),
        occurred_at=_instant(root.text("occurredAt")),
    )


def _operation(text: str) -> Operation:
    try:
        return Operation(text)
    except ValueError:
        raise Refused("unknown-code", "operation", "no operation of that name") from None


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused("value", "occurredAt", "must be an instant in ISO 8601") from None


STAFF = Connector(
    name=ENTERED_BY,
    title="State Agency on Mandatory Health Insurance, its own staff",
    dialect="JSON",
    content_types=(CONTENT_TYPE,),
    records=(StaffFact,),
    normalize=normalize,
    folder=Path(__file__).parent,
    operations=frozenset({Operation.CREATE, Operation.CHANGE, Operation.ANNUL}),
)
