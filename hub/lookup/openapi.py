"""The description of the lookup service (OpenAPI 3.1), as it is served."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from hub.http.answers import PROBLEM
from hub.lookup import openapi_changes
from hub.lookup.problems import STATUS, TYPE
from hub.lookup.question import DOCUMENT, FIN, PURPOSE, STATED, VOEN
from schemas.catalogue import records
from schemas.envelope import CONTENT_TYPE, SOURCE_PREFIX, TYPE_PREFIX, Operation
from schemas.record import Classification

_REFUSALS = tuple(STATUS)


def document() -> dict[str, Any]:
    """Write the description; the same for everybody."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Qovşaq lookup",
            "version": "1",
            "summary": "What the mandatory health insurance database holds about a person or a "
            "legal entity, for bodies with a basis in law.",
            "description": "Answers carry what the body's grants allow and no more. Every lookup "
            "is logged before it is answered. A refusal is the same whether or not anybody is "
            "known under the number.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {"certificate": []}],
        "paths": {
            "/v1/persons/{fin}": _path(
                "personByFin",
                "Records about a person, under the FİN and everything linked to it.",
                [_parameter("fin", "path", _text(FIN), "FİN: seven letters or digits", "TST0001")],
            ),
            "/v1/persons": _path(
                "personByDocument",
                "Records about the person a document was issued to.",
                [
                    _parameter(
                        "document",
                        "query",
                        _text(DOCUMENT),
                        "Series and number with a colon between; the series may be empty.",
                        "AZE:00000001",
                    )
                ],
            ),
            "/v1/legal-entities/{voen}": _path(
                "legalEntityByVoen",
                "Records about a taxpayer.",
                [_parameter("voen", "path", _text(VOEN), "VÖEN: ten digits", "0000001041")],
            ),
            "/v1/changes": openapi_changes.path(_problems()),
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Access token of the OAuth 2 client-credentials grant.",
                },
                "certificate": {"type": "mutualTLS"},
            },
            "headers": {
                "Lookup-Id": {
                    "description": "Names the lookup in the hub's logs.",
                    "schema": _text("^[0-9a-f]{32}$"),
                },
                "Retry-After": {"schema": {"type": "integer", "minimum": 1}},
                "WWW-Authenticate": {"schema": {"const": "Bearer"}},
            },
            "schemas": {
                "Record": _record(),
                "Problem": _problem(),
                **openapi_changes.schemas(),
            },
        },
    }


def _path(operation_id: str, summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    only = {
        "name": "records",
        "in": "query",
        "description": "Only records of these types.",
        "style": "form",
        "explode": False,
        "schema": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"enum": sorted(records())},
        },
    }
    purpose = _parameter(
        PURPOSE,
        "header",
        _text(STATED),
        "What it is for, as your files know it: printable ASCII, 3 to 200 characters, no personal "
        "data. It is logged.",
        "pension claim 2026/118",
    )
    return {
        "get": {
            "operationId": operation_id,
            "summary": summary,
            "parameters": [*parameters, only, purpose],
            "responses": {"200": _found(), **_problems()},
        }
    }


def _found() -> dict[str, Any]:
    records_found = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/components/schemas/Record"},
    }
    return {
        "description": "Records in force, as a CloudEvents 1.0 JSON batch.",
        "headers": _headers(["Lookup-Id"]),
        "content": {CONTENT_TYPE: {"schema": records_found}},
    }


def _problems() -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for rule, status in STATUS.items():
        by_status.setdefault(int(status), []).append(rule)
    return {str(status): _refused(status, rules) for status, rules in sorted(by_status.items())}


def _refused(status: int, rules: Iterable[str]) -> dict[str, Any]:
    named = {
        HTTPStatus.UNAUTHORIZED: ["WWW-Authenticate"],
        HTTPStatus.TOO_MANY_REQUESTS: ["Retry-After"],
        HTTPStatus.SERVICE_UNAVAILABLE: ["Retry-After"],
    }.get(HTTPStatus(status), [])
    return {
        "description": ", ".join(rules),
        "headers": _headers(named),
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _parameter(
    name: str, where: str, schema: dict[str, Any], description: str, example: str
) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def _record() -> dict[str, Any]:
    """A record as ``hub.delivery.minimising`` leaves it."""
    names = sorted(f"{TYPE_PREFIX}{each}.v{of.record_version}" for each, of in records().items())
    properties: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": _text("^[0-9a-f]{32}$"),
        "source": _text(f"^{SOURCE_PREFIX}[a-z-]+$"),
        "type": {"enum": names},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string"},
        "factkey": {"type": "string"},
        "operation": {"enum": [each.value for each in Operation]},
        "version": _text("^-?[0-9]{1,19}$"),
        "classification": {"enum": [each.value for each in Classification]},
        "testmode": {"type": "boolean"},
        "grant": {"type": "string", "description": "The grant you receive it under."},
        "data": {
            "type": "object",
            "description": "The fields your grant allows, of the schema that dataschema names.",
        },
    }
    required = ["specversion", "id", "source", "type", "subject", "time", "grant", "data"]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"enum": [TYPE + rule for rule in _REFUSALS]},
            "title": {"type": "string"},
            "status": {"enum": sorted({int(status) for status in STATUS.values()})},
            "detail": {"type": "string"},
            "field": {"type": "string"},
        },
        "required": ["type", "title", "status"],
        "additionalProperties": False,
    }
