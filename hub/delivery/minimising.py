"""Field minimisation: of a record, and of its envelope, what the grant allows and no more."""

from __future__ import annotations

from typing import Any

from hub.delivery.disclosures import persons_in
from schemas.envelope import Event, json_values

_ENVELOPE = (
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "factkey",
    "operation",
    "version",
    "classification",
    "testmode",
)
"""What a receiver needs to handle the record; the sender's message ids and channels are not it."""


def minimised(event: Event, fields: frozenset[str], grant_id: str) -> dict[str, Any]:
    """Reduce an event to some fields of its record (JSON names), as JSON values.

    The extension attribute ``grant`` names the basis it is received on.
    """
    whole = json_values(event)
    reduced = {name: whole[name] for name in _ENVELOPE if name in whole}
    reduced["grant"] = grant_id
    if event.data is not None:
        reduced["data"] = {name: value for name, value in event.data.items() if name in fields}
    return reduced


def persons_named(reduced: dict[str, Any], namespaces: frozenset[str]) -> list[str]:
    """List the URNs of the persons that a reduced event tells of, its subject included."""
    named = set(persons_in(reduced.get("data"), namespaces))
    subject: str = reduced["subject"]
    if any(subject.startswith(f"{namespace}:") for namespace in namespaces):
        named.add(subject)
    return sorted(named)
