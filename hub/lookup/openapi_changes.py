"""The description of ``GET /v1/changes``, a part of that of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.lookup.changes import CURSOR, LONGEST_WAIT, MOST, USUAL
from schemas.catalogue import records
from schemas.envelope import SOURCE_PREFIX, TYPE_PREFIX, Operation
from schemas.record import Classification

_TIME = {"type": "string", "format": "date-time"}
_CURSOR = {"type": "string", "pattern": CURSOR}


def path(problems: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the address; ``problems`` are its refusals by status."""
    return {
        "get": {
            "operationId": "changes",
            "summary": "What changed in the registry, in the order of commits; for systems of the "
            "Agency, each by its patterns.",
            "description": "Begin without `after`, then ask with the `cursor` of the last page: "
            "nothing is left out and nothing comes twice, for as long as you keep the cursor with "
            "what you made of the page. A page may be empty though there is `more`: what is next "
            "is not selected by your patterns. Go on with its cursor.",
            "parameters": [
                _query("after", _CURSOR, "The cursor of the last page; without it the beginning."),
                _query("limit", _number(1, MOST, USUAL), "Most changes in a page."),
                _query(
                    "wait",
                    _number(0, LONGEST_WAIT, 0),
                    "Seconds an empty page may wait for something to come.",
                ),
            ],
            "responses": {"200": _page(), **problems},
        }
    }


def schemas() -> dict[str, Any]:
    """Describe a change and its event."""
    return {"Change": _change(), "Event": _event()}


def _page() -> dict[str, Any]:
    changes = {"type": "array", "maxItems": MOST, "items": {"$ref": "#/components/schemas/Change"}}
    page = {
        "type": "object",
        "properties": {"changes": changes, "cursor": _CURSOR, "more": {"type": "boolean"}},
        "required": ["changes", "cursor", "more"],
        "additionalProperties": False,
    }
    return {
        "description": "A page of the feed.",
        "content": {"application/json": {"schema": page}},
    }


def _change() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "position": _CURSOR,
            "recordedAt": _TIME,
            "event": {"$ref": "#/components/schemas/Event"},
        },
        "required": ["position", "recordedAt", "event"],
        "additionalProperties": False,
    }


def _event() -> dict[str, Any]:
    """A whole record in its envelope, as ``schemas/json/event.v1.json`` has it."""
    names = sorted(f"{TYPE_PREFIX}{each}.v{of.record_version}" for each, of in records().items())
    text = {"type": "string"}
    properties: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "source": {"type": "string", "pattern": f"^{SOURCE_PREFIX}[a-z-]+$"},
        "type": {"enum": names},
        "subject": text,
        "time": _TIME,
        "datacontenttype": {"const": "application/json"},
        "dataschema": text,
        "factkey": text,
        "operation": {"enum": [each.value for each in Operation]},
        "version": {"type": "string", "pattern": "^-?[0-9]{1,19}$"},
        "classification": {"enum": [each.value for each in Classification]},
        "messageid": text,
        "ordinal": {"type": "integer", "minimum": 0},
        "receivedtime": _TIME,
        "channel": text,
        "testmode": {"type": "boolean"},
        "causationid": text,
        "data": {"type": "object", "description": "A record of the schema dataschema names."},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "subject", "time", "operation"],
        "additionalProperties": False,
    }


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _number(least: int, most: int, usual: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most, "default": usual}
