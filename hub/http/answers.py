"""How the door answers: JSON to everybody, SOAP to those who speak it.

A SOAP answer follows WS-I: 200 with an envelope where a message was taken, 500 (SOAP 1.2: 400)
with a fault where its content was refused. Statuses about the request itself stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectors._kit.content import media_type
from connectors._kit.faults import fault_for
from connectors._kit.soap import SOAP_11, SOAP_12, make_fault, make_receipt
from hub.http.door import MinistryPaused, NothingAcceptable, Refusals, Taken
from hub.http.quota import QuotaExceeded
from schemas.errors import HubError, Refused

PROBLEM = "application/problem+json"
_PROBLEMS = "urn:az:itsda:qovsaq:problem:"
_SOAP_TYPES = {SOAP_11: "text/xml; charset=utf-8", SOAP_12: "application/soap+xml; charset=utf-8"}
_OF_CONTENT = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_RETRY_SECONDS = 10
_PAUSED_SECONDS = 60


def soap_version(content_type: str, spoken: Iterable[str]) -> str | None:
    """Tell which SOAP a sender speaks by its content type; None if the ministry speaks none."""
    if "application/soap+xml" not in spoken:
        return None
    return SOAP_12 if media_type(content_type) == "application/soap+xml" else SOAP_11


def accepted(taken: Taken, status_path: str, version: str | None) -> Response:
    """Say that the broker has the message, and which of its records will be refused."""
    headers = {"Location": status_path}
    if version:
        envelope = make_receipt(taken.message_id, taken.refusals, version)
        return Response(envelope, HTTPStatus.OK, headers, _SOAP_TYPES[version])
    body = {
        "messageId": taken.message_id,
        "lane": taken.lane,
        "refused": _listed(taken.refusals),
        "status": status_path,
    }
    return as_json(body, HTTPStatus.ACCEPTED, headers)


def refused(error: HubError, version: str | None = None) -> Response:
    """Say what is wrong, or that nothing is and the hub cannot take the message now."""
    fault, headers = fault_for(error), headers_of(error)
    if version:
        status = fault.status
        if status in _OF_CONTENT:
            status = (
                HTTPStatus.INTERNAL_SERVER_ERROR if version == SOAP_11 else HTTPStatus.BAD_REQUEST
            )
        return Response(make_fault(error, version), status, headers, _SOAP_TYPES[version])
    body: dict[str, Any] = {
        "type": _PROBLEMS + rule_of(error),
        "title": fault.advice,
        "status": fault.status,
    }
    if isinstance(error, Refused):
        body |= {"rule": error.rule, "field": error.field, "detail": error.explanation}
    if isinstance(error, NothingAcceptable):
        body["refused"] = _listed(error.refusals)
    return as_json(body, fault.status, headers, PROBLEM)


def rule_of(error: HubError) -> str:
    """Name what is the matter, for problem documents and metrics."""
    if isinstance(error, Refused):
        return error.rule
    return "paused" if isinstance(error, MinistryPaused) else "unavailable"


async def elsewhere(_request: Request, error: Exception) -> Response:
    """Answer whoever is at no address of ours, or does there what cannot be done."""
    if not isinstance(error, HTTPException):
        raise error
    body = {
        "type": _PROBLEMS + HTTPStatus(error.status_code).phrase.lower().replace(" ", "-"),
        "title": "Check address and method; /openapi.json describes them.",
        "status": error.status_code,
    }
    return as_json(body, error.status_code, error.headers, PROBLEM)


def as_json(
    body: object,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Response:
    """Answer a JSON document."""
    data = orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
    return Response(data, status, dict(headers or {}), content_type)


def _listed(refusals: Refusals) -> list[dict[str, Any]]:
    return [
        {
            "ordinal": ordinal,
            "rule": error.rule,
            "field": error.field,
            "explanation": error.explanation,
        }
        for ordinal, error in refusals
    ]


def headers_of(error: HubError) -> dict[str, str]:
    """Give the headers that an answer to this error has, however it is written."""
    match error:
        case QuotaExceeded():
            return {"Retry-After": str(error.seconds)}
        case Refused(rule="too-large" | "too-slow"):
            return {"Connection": "close"}  # else the rest would be read, to no end
        case Refused(rule="unauthenticated"):
            return {"WWW-Authenticate": "Bearer"}
        case Refused():
            return {}
        case MinistryPaused():
            return {"Retry-After": str(_PAUSED_SECONDS)}
        case _:
            return {"Retry-After": str(_RETRY_SECONDS)}
