"""What operations of the door have in common, in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from connectors._kit.contract import Connector
from connectors._kit.faults import UNAVAILABLE, fault_for, rules
from hub.http import openapi_answers as part
from hub.http.answers import PROBLEM
from schemas.errors import Refused

Described = dict[str, Any]

_JSON = "application/json"


def about() -> list[Described]:
    """What is said of a message beside it."""
    return [
        lane(),
        header("Qovsaq-Lane", "the same as a header", {"enum": list(part.LANE["enum"])}),
        header("Message-Id", "yours; derived from the content if it is missing", part.MESSAGE_ID),
        header("ce-id", "the same by the name of CloudEvents", part.MESSAGE_ID),
        header("Qovsaq-Corrects", "id of the refused message this one comes in place of"),
        header("Qovsaq-Test-Mode", "true: a test, which never reaches live tables"),
    ]


def ministry(connectors: Mapping[str, Connector]) -> Described:
    """Name the ministry in the path."""
    schema = {"enum": list(connectors)}
    return {"name": "ministry", "in": "path", "required": True, "schema": schema}


def id_of(what: str) -> Described:
    """Name a message or document in the path."""
    described = f"id {what}; it may hold slashes"
    schema = part.MESSAGE_ID
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": described,
        "schema": schema,
    }


def lane() -> Described:
    """Choose the lane."""
    text = "bulk for mass loads, so that they do not stand before what happens today"
    return {"name": "lane", "in": "query", "description": text, "schema": part.LANE}


def header(name: str, description: str, schema: Described = part.TEXT) -> Described:
    """A header that may be given."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


def body(spoken: Mapping[str, Iterable[str]], more: Described) -> Described:
    """A body in any of the content types; it says which ministry speaks which."""
    kinds: Described = {kind: {} for of_one in spoken.values() for kind in of_one}
    said = "; ".join(f"{name}: {', '.join(of_one) or 'none'}" for name, of_one in spoken.items())
    return {"required": True, "description": said, "content": {**kinds, **more}}


def found(answer: str) -> Described:
    """An answer that is a named schema."""
    return {"description": "found", "content": {_JSON: {"schema": part.ref(answer)}}}


def headers(names: Iterable[str]) -> Described:
    """Refer to named headers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problems(statuses: Iterable[int], more: Described | None = None) -> Described:
    """Refusals by status; ``more`` are other ways they may be written."""
    return {str(status): _refused(status, more or {}) for status in sorted(statuses)}


def _refused(status: int, more: Described) -> Described:
    """A status, with the rules that lead to it and what it tells the sender to do."""
    named = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    faults = {rule: fault_for(Refused(rule, "", "")) for rule in rules()}
    leading = [rule for rule, fault in faults.items() if fault.status == status]
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        leading = ["any rule about a field"]
    advice = {fault.advice for fault in faults.values() if fault.status == status}
    advice |= {UNAVAILABLE.advice} if status == UNAVAILABLE.status else set()
    text = ", ".join(leading) or "unavailable"
    return {
        "description": f"{text}. {' '.join(sorted(advice))}".strip(),
        "headers": headers(named),
        "content": {PROBLEM: {"schema": part.ref("Problem")}, **more},
    }
