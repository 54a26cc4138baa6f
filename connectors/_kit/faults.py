"""The fault table: what a refusal's rule means to the ways a sender may speak to the hub."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from schemas.errors import HubError, Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """Answer to a sender: HTTP status, SOAP 1.1 code (1.2: Client → Sender, Server → Receiver),
    and what the sender should do, in one sentence."""

    status: HTTPStatus
    soap_code: str
    advice: str


_MEND = Fault(
    HTTPStatus.UNPROCESSABLE_ENTITY, "Client", "Mend the named field and send the record again."
)
_MALFORMED = Fault(
    HTTPStatus.BAD_REQUEST, "Client", "Send a well-formed document of the agreed contract."
)
_UNKNOWN = Fault(HTTPStatus.NOT_FOUND, "Client", "Check the address.")
_TOO_LARGE = Fault(HTTPStatus(413), "Client", "Split the document at record boundaries.")
UNAVAILABLE = Fault(
    HTTPStatus.SERVICE_UNAVAILABLE, "Server", "Nothing is wrong with the message; send it later."
)

_FAULTS = {
    "unauthenticated": Fault(
        HTTPStatus.UNAUTHORIZED, "Client", "Send the credentials agreed for your ministry."
    ),
    "forbidden": Fault(
        HTTPStatus.FORBIDDEN, "Client", "Send to the address of the ministry you may speak for."
    ),
    "channel-not-allowed": Fault(HTTPStatus.FORBIDDEN, "Client", "Send it over EHİS."),
    "signature-invalid": Fault(
        HTTPStatus.FORBIDDEN, "Client", "Sign the whole message with the key you registered."
    ),
    "quota-exceeded": Fault(
        HTTPStatus.TOO_MANY_REQUESTS, "Client", "Wait as long as Retry-After says."
    ),
    "too-slow": Fault(HTTPStatus.REQUEST_TIMEOUT, "Client", "Send the body without pauses."),
    "unknown-ministry": _UNKNOWN,
    "unknown-contract": _UNKNOWN,
    "unknown-message": Fault(HTTPStatus.NOT_FOUND, "Client", "Ask again a little later."),
    "unroutable-key": _MALFORMED,
    "query": _MALFORMED,
    "message-id-format": _MALFORMED,
    "content-type": Fault(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Client", "Use the content type of the contract."
    ),
    "encoding": _MALFORMED,
    "xml-syntax": _MALFORMED,
    "xml-doctype": _MALFORMED,
    "json-syntax": _MALFORMED,
    "json-duplicate-key": _MALFORMED,
    "json-number": _MALFORMED,
    "json-type": _MALFORMED,
    "soap-envelope": _MALFORMED,
    "too-deep": _MALFORMED,
    "too-large": _TOO_LARGE,
    "too-many-records": _TOO_LARGE,
    "message-id-reused": Fault(
        HTTPStatus.CONFLICT, "Client", "Use a new message id for a new message."
    ),
}


def rules() -> Collection[str]:
    """Name the rules that are answered otherwise than a rule about a field."""
    return _FAULTS.keys()


def fault_for(error: HubError) -> Fault:
    """How to answer a sender whose message met this error.

    A rule the table does not name is a rule about a field; any other error than ``Refused`` is
    the hub's own trouble.
    """
    return _FAULTS.get(error.rule, _MEND) if isinstance(error, Refused) else UNAVAILABLE
