"""The OpenAPI description of the door, served as ``/openapi.json``; open to everybody."""

from __future__ import annotations

from collections.abc import Mapping

from connectors._kit.contract import Connector
from connectors._kit.split import splittable
from hub.evidence.noticeboard import Stand
from hub.http import openapi_answers as part
from hub.http import openapi_parts as give
from hub.http.openapi_parts import Described
from hub.http.signatures import JWS_HEADER
from schemas.manifest import CONTENT_TYPE as MANIFEST

_JSON, _XML, _FORM = "application/json", "application/xml", "application/x-www-form-urlencoded"
_SOAP = ("text/xml", "application/soap+xml")
_ASKING = (401, 403, 404, 429, 503)
_SENDING = (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)


def document(connectors: Mapping[str, Connector], *, tokens: bool) -> Described:
    """Write the description; ``tokens`` says whether this door gives access tokens."""
    known = dict(sorted(connectors.items()))
    intake = "/intake/{ministry}"
    paths = {
        intake: {"parameters": [give.ministry(known)], "post": _take(known), "get": _describe()},
        f"{intake}/documents": {"parameters": [give.ministry(known)], "post": _documents(known)},
        f"{intake}/documents/{{id}}": {
            "parameters": [give.ministry(known), give.id_of("of a document")],
            "get": _ask("document", "How far a document is, by outcome.", "DocumentOutcomes"),
        },
        f"{intake}/messages/{{id}}": {
            "parameters": [give.ministry(known), give.id_of("of a message")],
            "get": _ask("message", "What became of a message, record by record.", "Message"),
        },
        f"{intake}/notices": {"parameters": [give.ministry(known)], "get": _notices()},
        f"{intake}/notices/acknowledged": {
            "parameters": [give.ministry(known)],
            "post": _acknowledge(),
        },
        "/ehis": {"post": _ehis()},
        "/contracts/{ministry}/{file}": {"get": _contract(known)},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Qovşaq intake",
            "version": "1",
            "summary": "Where ministries hand in messages and see what became of them.",
            "description": "202 means that a message is safely queued. Repeating a message under "
            "its id is free. docs/howto/connect-a-ministry.md has the rules in words.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {"certificate": []}],
        "paths": paths | ({"/token": {"post": _token()}} if tokens else {}),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "certificate": {"type": "mutualTLS"},
                "client": {"type": "http", "scheme": "basic"},
            },
            "headers": {
                "Location": {"schema": {"type": "string"}},
                "Retry-After": {"schema": {"type": "integer", "minimum": 1}},
                "WWW-Authenticate": {"schema": {"type": "string"}},
            },
            "schemas": part.schemas(known),
        },
    }


def _take(connectors: Mapping[str, Connector]) -> Described:
    spoken = {name: each.content_types for name, each in connectors.items()}
    soap: Described = {kind: {} for kind in _SOAP}
    taken = {"description": "the broker has it", "headers": give.headers(["Location"])}
    refused = give.problems((*_SENDING, 409), soap)
    fault = {"description": "a SOAP 1.1 fault, or a defect of the hub", "content": soap}
    return {
        "operationId": "take",
        "summary": "Hand in one message: JSON, XML, SOAP 1.1 or 1.2, as the ministry speaks.",
        "parameters": [
            *give.about(),
            give.header(JWS_HEADER, "detached JWS of the body, where agreed"),
        ],
        "requestBody": give.body(spoken, {MANIFEST: {"schema": {"type": "object"}}}),
        "responses": {
            "200": {**taken, "description": "the same, over SOAP", "content": soap},
            "202": {**taken, "content": {_JSON: {"schema": part.ref("Accepted")}}},
            **refused,
            "500": fault,
        },
    }


def _documents(connectors: Mapping[str, Connector]) -> Described:
    spoken = {name: splittable(each) for name, each in connectors.items()}
    return {
        "operationId": "takeDocument",
        "summary": "Hand in a document of any size; it is cut at the borders of records.",
        "parameters": give.about()[:4],
        "requestBody": give.body(spoken, {}),
        "responses": {
            "202": {
                "description": "the broker has the last part of it",
                "headers": give.headers(["Location"]),
                "content": {_JSON: {"schema": part.ref("Document")}},
            },
            **give.problems((*_SENDING, 409)),
        },
    }


def _ehis() -> Described:
    return {
        "operationId": "takeFromEhis",
        "summary": "Hand in a message of any ministry in the (synthetic) envelope of EHİS; for the "
        "gateway of EHİS. With Accept: application/xml it is answered in the same words.",
        "parameters": [
            give.lane(),
            give.header(JWS_HEADER, "detached JWS of the payload, where agreed"),
        ],
        "requestBody": {"required": True, "content": {_XML: {}}},
        "responses": {
            "202": {
                "description": "the broker has it",
                "content": {_JSON: {"schema": part.ref("Accepted")}, _XML: {}},
            },
            **give.problems((*_SENDING, 409), {_XML: {}}),
        },
    }


def _describe() -> Described:
    wsdl = {"name": "wsdl", "in": "query", "description": "ask for the WSDL", "schema": {}}
    return {
        "operationId": "describe",
        "summary": "What may be sent here, and where its contract is.",
        "security": [],
        "parameters": [wsdl | {"allowEmptyValue": True}],
        "responses": {
            "200": {
                "description": "the description, or the WSDL",
                "content": {_JSON: {"schema": part.ref("Ministry")}, "text/xml": {}},
            },
            **give.problems((404,)),
        },
    }


def _contract(connectors: Mapping[str, Connector]) -> Described:
    whose = {"enum": [*connectors, "ehis"]}
    return {
        "operationId": "contract",
        "summary": "A file of a contract.",
        "security": [],
        "parameters": [
            {"name": "ministry", "in": "path", "required": True, "schema": whose},
            {"name": "file", "in": "path", "required": True, "schema": part.TEXT},
        ],
        "responses": {
            "200": {
                "description": "the file",
                "content": {
                    "application/schema+json": {},
                    "text/xml": {},
                    "application/octet-stream": {},
                },
            },
            **give.problems((404,)),
        },
    }


def _ask(what: str, summary: str, answer: str) -> Described:
    return {
        "operationId": f"tellOf{what.capitalize()}",
        "summary": summary,
        "responses": {"200": give.found(answer), **give.problems(_ASKING)},
    }


def _notices() -> Described:
    asked = {
        "rule": part.TEXT,
        "message": part.TEXT,
        "stand": {"enum": list(map(str, Stand))},
        "after": part.ID32,
    }
    return {
        "operationId": "notices",
        "summary": "What the ministry was told, by rule; latest first; next is the next after.",
        "parameters": [{"name": name, "in": "query", "schema": of} for name, of in asked.items()],
        "responses": {"200": give.found("Notices"), **give.problems((400, *_ASKING))},
    }


def _acknowledge() -> Described:
    ids = {"type": "array", "items": part.ID32, "minItems": 1, "maxItems": 100}
    rule = {"type": "string", "minLength": 1, "maxLength": 100}
    wish = {"oneOf": [part.exactly(notices=ids), part.exactly(rule=rule)]}
    return {
        "operationId": "acknowledge",
        "summary": "Say that notices have been seen, by their ids or by their rule.",
        "requestBody": {"required": True, "content": {_JSON: {"schema": wish}}},
        "responses": {
            "200": {
                "description": "how many were not acknowledged before",
                "content": {_JSON: {"schema": part.exactly(acknowledged=part.COUNT)}},
            },
            **give.problems((400, 408, 413, *_ASKING)),
        },
    }


def _token() -> Described:
    wish = part.exactly(grant_type={"const": "client_credentials"})
    wish["properties"] |= {"client_id": part.TEXT, "client_secret": part.TEXT}
    refused = {"content": {_JSON: {"schema": part.ref("TokenRefused")}}}
    return {
        "operationId": "token",
        "summary": "An access token for a client's secret (RFC 6749, 4.4).",
        "security": [{"client": []}, {}],
        "requestBody": {
            "required": True,
            "content": {_FORM: {"schema": wish | {"additionalProperties": True}}},
        },
        "responses": {
            "200": give.found("Token"),
            "400": {"description": "not a request for a token", **refused},
            "401": {"description": "the secret is not this client's", **refused},
            **give.problems((503,)),
        },
    }
