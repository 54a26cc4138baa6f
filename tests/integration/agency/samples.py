"""Events of every golden sample of every ministry, and of what staff enters, for a registry with
something of everything."""

from __future__ import annotations

from collections.abc import Iterator

from connectors._kit.contract import Rejected
from connectors._kit.discover import discover
from schemas.envelope import Event, Operation, make_event
from schemas.staff_fact import ENTERED_BY, StaffFact
from tests.connectors.golden import RECEIVED_AT, golden, normalized
from tests.unit.schemas.samples import EXAMPLES


def golden_events() -> Iterator[Event]:
    """Yield them in the order of ministries and samples, then a fact of staff's."""
    for connector in discover().values():
        for sample in golden(connector):
            for item in normalized(connector, sample.raw):
                if not isinstance(item, Rejected):
                    yield make_event(
                        item.record_class,
                        item.record,
                        subject=item.subject,
                        fact_key=item.fact_key,
                        ministry=connector.name,
                        message_id=str(sample),
                        ordinal=item.ordinal,
                        operation=item.operation,
                        occurred_at=item.occurred_at,
                        sequence=item.sequence,
                        received_at=RECEIVED_AT,
                    )
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
