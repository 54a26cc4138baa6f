"""Golden samples: how a connector's sample files are read, and how items are written down.

``samples/<case>.in.<ext>`` normalizes to ``samples/<case>.out.json``;
``samples/hostile/<case>.<ext>`` is refused as a whole as ``<case>.expected.json`` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors._kit.contract import Connector, Item, RawMessage, Rejected, Rules
from schemas.envelope import Event, make_event

RECEIVED_AT = datetime.fromisoformat("2026-03-02T09:00:00+04:00")
RULES = Rules()


@dataclass(frozen=True)
class Sample:
    """A sample document and the file that says what becomes of it."""

    connector: Connector
    document: Path
    expected: Path

    def __str__(self) -> str:
        return f"{self.connector.name}-{self.document.stem}"

    @property
    def raw(self) -> RawMessage:
        return raw_message(self.connector, self.document.read_bytes(), self.document.suffix)


def golden(connector: Connector) -> Iterator[Sample]:
    for document in sorted((connector.folder / "samples").glob("*.in.*")):
        case = document.name.partition(".in.")[0]
        yield Sample(connector, document, document.with_name(f"{case}.out.json"))


def hostile(connector: Connector) -> Iterator[Sample]:
    for document in sorted((connector.folder / "samples" / "hostile").glob("*")):
        if not document.name.endswith(".expected.json"):
            yield Sample(connector, document, document.with_suffix(".expected.json"))


def raw_message(connector: Connector, body: bytes, suffix: str) -> RawMessage:
    dialect = suffix.removeprefix(".")
    content_type = next(kind for kind in connector.content_types if kind.endswith(dialect))
    return RawMessage(connector.name, "sample", content_type, body, RECEIVED_AT)


def normalized(connector: Connector, raw: RawMessage) -> list[Item]:
    return list(connector.normalize(raw, RULES))


def written(item: Item) -> dict[str, Any]:
    """An item as the golden files have it."""
    if isinstance(item, Rejected):
        return {"ordinal": item.ordinal, "refused": item.error.rule, "field": item.error.field}
    record = item.record
    return {
        "ordinal": item.ordinal,
        "type": item.record_class.record_type,
        "operation": item.operation.value,
        "subject": item.subject,
        "factKey": item.fact_key,
        "occurredAt": item.occurred_at.isoformat(),
        "sequence": item.sequence,
        "data": record and record.model_dump(mode="json", exclude_none=True),
        "findings": [{"rule": each.rule, "field": each.field} for each in item.findings],
    }


def events(connector: Connector) -> Iterator[Event]:
    """Yield what the golden samples of a connector hold, in their envelopes."""
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
