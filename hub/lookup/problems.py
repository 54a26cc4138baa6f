"""How the lookup service says no (RFC 9457): the one table of it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

from hub.http.answers import PROBLEM, as_json
from hub.http.quota import QuotaExceeded
from hub.lookup.basis import LimitReached
from schemas.errors import HubError, Refused

TYPE = "urn:az:itsda:qovsaq:problem:"
UNAVAILABLE = "unavailable"
_RETRY_SECONDS = 10

STATUS: Mapping[str, HTTPStatus] = {
    "parameter": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "no-basis": HTTPStatus.FORBIDDEN,
    "data-blocked": HTTPStatus.FORBIDDEN,
    "nothing-found": HTTPStatus.NOT_FOUND,
    "too-many-records": HTTPStatus.CONFLICT,
    "cursor-unknown": HTTPStatus.CONFLICT,
    "quota-exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "limit-reached": HTTPStatus.TOO_MANY_REQUESTS,
    UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(error: HubError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer a refusal, or that nothing is wrong and the hub cannot answer now."""
    rule = error.rule if isinstance(error, Refused) and error.rule in STATUS else UNAVAILABLE
    body = {"type": TYPE + rule, "title": rule.replace("-", " "), "status": STATUS[rule]}
    if isinstance(error, Refused) and rule != UNAVAILABLE:
        body |= {"detail": error.explanation, "field": error.field}
    return as_json(body, STATUS[rule], {**_headers(error), **(headers or {})}, PROBLEM)


def _headers(error: HubError) -> dict[str, str]:
    match error:
        case QuotaExceeded() | LimitReached():
            return {"Retry-After": str(error.seconds)}
        case Refused(rule="unauthenticated"):
            return {"WWW-Authenticate": "Bearer"}
        case Refused():
            return {}
        case _:
            return {"Retry-After": str(_RETRY_SECONDS)}
