"""Events of every golden sample of every ministry, and of what staff enters, for a registry with
something of everything."""

from __future__ import annotations

from collections.abc import Iterator

from connectors._kit.discover import discover
from schemas.envelope import Event, Operation, make_event
from schemas.staff_fact import ENTERED_BY, StaffFact
from tests.connectors.golden import RECEIVED_AT, events
from tests.unit.schemas.samples import EXAMPLES


def golden_events() -> Iterator[Event]:
    """Yield them in the order of ministries and samples, then a fact of staff's."""
    for connector in discover().values():
        yield from events(connector)
    yield entered()


def entered() -> Event:
    """The example of a fact that staff entered, while it holds."""
    fact = StaffFact.model_validate(EXAMPLES["staff_fact"] | {"endedAt": None})
    return make_event(
        StaffFact,
        fact,
        subject=fact.subject,
        fact_key=fact.fact_key,
        ministry=ENTERED_BY,
        message_id="fact-1-create",
        ordinal=0,
        operation=Operation.CREATE,
        occurred_at=RECEIVED_AT,
        sequence=None,
        received_at=RECEIVED_AT,
    )
