"""Events of every golden sample of every ministry, for a registry with something of everything."""

from __future__ import annotations

from collections.abc import Iterator

from connectors._kit.contract import Rejected
from connectors._kit.discover import discover
from schemas.envelope import Event, make_event
from tests.connectors.golden import RECEIVED_AT, golden, normalized


def golden_events() -> Iterator[Event]:
    """Yield them in the order of ministries and samples."""
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
