"""Messages of the AsyncAPI document: one per record type, per contract file, and to ministries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from connectors._kit.contract import Connector
from routing.message import PUBLISHED_AT
from schemas.envelope import CONTENT_TYPE, SCHEMA_PREFIX, TYPE_PREFIX
from schemas.manifest import CONTENT_TYPE as MANIFEST
from schemas.record import CanonicalRecord

# The schemas say 2020-12 and keep to what draft 7 has under the same names, but for ``$defs``.
_FORMAT = "application/schema+json;version=draft-07"
_ON_CANONICAL = {
    "type": "object",
    "properties": {PUBLISHED_AT: {"type": "string", "format": "date-time"}},
    "required": [PUBLISHED_AT],
}
_RECEIPTS = [{"$ref": "json/receipt.v1.json"}, {"$ref": "json/manifest_answer.v1.json"}]

Described = dict[str, Any]


def kinds(
    records: Mapping[str, type[CanonicalRecord]],
) -> Iterator[tuple[str, type[CanonicalRecord]]]:
    """Yield name and class of every record type: ``person.v1``."""
    for record_type, record in records.items():
        yield f"{record_type}.v{record.record_version}", record


def of_record(record: type[CanonicalRecord]) -> Described:
    """Describe the message that carries records of one type."""
    kind = f"{record.record_type}.v{record.record_version}"
    event = {
        "allOf": [
            {"$ref": "json/event.v1.json"},
            {
                "type": "object",
                "properties": {
                    "type": {"const": TYPE_PREFIX + kind},
                    "dataschema": {"const": SCHEMA_PREFIX + kind},
                    "data": {"$ref": f"json/{kind}.json"},
                },
            },
        ]
    }
    return {
        "name": kind,
        "title": record.record_type.replace("_", " "),
        "summary": (record.__doc__ or "").strip().partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "headers": _ON_CANONICAL,
        "payload": _payload({"type": "array", "minItems": 1, "items": event}),
        "tags": [{"name": record.category.value}, {"name": record.classification.value}],
    }


def of_connector(connector: Connector) -> dict[str, Described]:
    """Describe the messages a ministry sends: one per contract file that is not a service."""
    folder = connector.folder / "contract"
    files = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    return {
        f"{connector.name}.{PurePosixPath(file).stem}": _spoken(connector, file)
        for file in files
        if not file.endswith(".wsdl")
    }


def from_all_ministries() -> dict[str, Described]:
    """Describe what any ministry may send, whatever its dialect: a day's manifest."""
    return {
        "manifest": {
            "name": "manifest",
            "title": "what the ministry says it sent on a day",
            "contentType": MANIFEST,
            "payload": _payload({"$ref": "json/manifest.v1.json"}),
        }
    }


def to_ministries() -> dict[str, Described]:
    """Describe what ministries read: notices and receipts."""
    return {
        "notice": {
            "name": "notice",
            "title": "refusal or warning",
            "contentType": "application/json",
            "payload": _payload({"$ref": "json/notice.v1.json"}),
        },
        "receipt": {
            "name": "receipt",
            "title": "receipts and answers to manifests, in batches",
            "contentType": "application/json",
            "payload": _payload({"type": "array", "minItems": 1, "items": {"oneOf": _RECEIPTS}}),
        },
    }


def _spoken(connector: Connector, file: str) -> Described:
    path = f"../connectors/{connector.name}/contract/{file}"
    is_json = file.endswith(".json")
    fitting = [kind for kind in connector.content_types if kind.endswith("json") == is_json]
    return {
        "name": PurePosixPath(file).stem,
        "title": f"{connector.title}: {PurePosixPath(file).stem}",
        "summary": f"{connector.dialect}; the contract is {path.removeprefix('../')}",
        "contentType": (fitting or connector.content_types)[0],
        "payload": _payload({"$ref": path} if is_json else {"type": "string"}),
        "x-contract": path,
        "x-content-types": fitting or list(connector.content_types),
    }


def _payload(schema: Mapping[str, Any]) -> Described:
    return {"schemaFormat": _FORMAT, "schema": dict(schema)}
