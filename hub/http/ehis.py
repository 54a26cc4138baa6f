"""What comes over EHİS: a ministry's message, taken out of the exchange's envelope.

It is answered in the exchange's own words (``Acknowledgement``, ``Fault``) where they are asked
for (``Accept: application/xml``), else as everybody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from starlette.responses import Response

from connectors._ehis.answer import Acknowledged, Code, Faulted, write_answer
from connectors._ehis.envelope import HUB, open_envelope
from connectors._kit.content import check_content_type, media_type
from connectors._kit.contract import Connector, Limits, RawMessage
from connectors._kit.faults import fault_for
from hub.http.answers import headers_of
from hub.http.door import Conversation, Letter, Taken
from hub.http.quota import QuotaExceeded
from schemas.envelope import Channel
from schemas.errors import HubError, Refused

NAME = Channel.EHIS.value
"""The name of the exchange's gateway among the senders."""

_XML = "application/xml"
_CODES = {
    "unknown-ministry": Code.UNKNOWN_BODY,
    "unauthenticated": Code.NOT_ALLOWED,
    "forbidden": Code.NOT_ALLOWED,
    "signature-invalid": Code.NOT_ALLOWED,
    "too-slow": Code.LATER,
}


def letter_of(
    envelope: bytes,
    content_type: str,
    connectors: Mapping[str, Connector],
    limits: Limits,
    now: datetime,
    *,
    lane: str,
    sender: str,
    jws: str,
) -> Letter:
    """Read the letter in an envelope; the ministry is the one that the envelope names.

    Raises ``Refused``: what ``open_envelope`` does, ``unknown-ministry``, ``content-type``.
    """
    exchange = open_envelope(RawMessage(NAME, "", content_type, envelope, now), limits)
    connector = connectors.get(exchange.sender)
    if connector is None:
        raise Refused("unknown-ministry", "From", "no ministry of this name sends to this hub")
    if exchange.receiver != HUB:
        raise Refused("unknown-ministry", "To", f"expected {HUB}")
    check_content_type(exchange.content_type, connector.content_types)
    return Letter(
        connector=connector,
        lane=lane,
        message_id=exchange.message_id,
        content_type=exchange.content_type,
        body=exchange.payload,
        sender=sender,
        jws=jws,
        conversation=Conversation(exchange.correlation_id, exchange.service_id),
    )


def speaks(headers: Mapping[str, str]) -> bool:
    """Whether whoever asks wants to be answered in the exchange's own words."""
    wanted = headers.get("accept", "").split(",")
    return any(media_type(each) == _XML for each in wanted)


def acknowledged(taken: Taken, letter: Letter) -> Response:
    """Say that the broker has the message."""
    correlation = letter.conversation.correlation_id if letter.conversation else ""
    body = write_answer(Acknowledged(correlation, taken.message_id))
    return Response(body, HTTPStatus.ACCEPTED, media_type=_XML)


def refused(error: HubError) -> Response:
    """Say what is wrong, or that nothing is and the message should come later."""
    status, headers = fault_for(error).status, headers_of(error)
    return Response(write_answer(_fault(error)), status, headers, _XML)


def _fault(error: HubError) -> Faulted:
    if not isinstance(error, Refused) or isinstance(error, QuotaExceeded):
        return Faulted(Code.LATER)
    code = _CODES.get(error.rule, Code.REFUSED)
    return Faulted(code, error.rule, error.field, error.explanation)
