"""Field minimisation: of a record, and of its envelope, what the grant allows and no more."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hub.delivery.disclosures import persons_in
from schemas.envelope import Event, instant


def minimised(event: Event, fields: frozenset[str], grant_id: str) -> dict[str, Any]:
    """Reduce an event to some fields of its record (JSON names), as JSON values.

    Of the envelope stays what a receiver needs to handle the record; the sender's message ids
    and channels are not it. The extension attribute ``grant`` names the basis it is received on.
    """
    reduced: dict[str, Any] = {
        "specversion": event.specversion,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": instant(event.time),
        "datacontenttype": event.datacontenttype,
        "dataschema": event.dataschema,
        "factkey": event.factkey,
        "operation": event.operation,
        "version": str(event.version),
        "classification": event.classification,
        "testmode": event.testmode,
        "grant": grant_id,
    }
    if event.data is not None:
        reduced["data"] = {name: value for name, value in event.data.items() if name in fields}
    return reduced


def persons_named(reduced: dict[str, Any], namespaces: frozenset[str]) -> list[str]:
    """List the URNs of the persons that a reduced event tells of, its subject included."""
    named = persons_in(reduced.get("data"), namespaces)
    subject: str = reduced["subject"]
    if subject.startswith(_prefixes(namespaces)) and subject not in named:
        return sorted([*named, subject])
    return named


@lru_cache(maxsize=8)
def _prefixes(namespaces: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"{namespace}:" for namespace in namespaces)
