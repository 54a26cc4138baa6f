"""The envelope of EHİS, opened and made: what one body says to another, and in which conversation.

Synthetic, as ``contract/exchange.v1.xsd`` says. The payload is the sender's own document, byte for
byte, so that a signature over it still holds.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from lxml import etree

from connectors._kit.content import XML
from connectors._kit.contract import Limits, RawMessage
from connectors._kit.xml import open_xml, parse_xml
from schemas.errors import Refused

NAMESPACE, NAME = "urn:synthetic:ehis:exchange:v1", "Exchange"
HUB = "qovsaq"
"""The name of the hub on EHİS."""

_DEFAULT: dict[str, str] = {None: NAMESPACE}  # type: ignore[dict-item]  # the stubs know no default
_MEMBERS = ("CorrelationId", "ServiceId", "From", "To", "MessageId", "Payload")
_ID = re.compile(r"[A-Za-z0-9._:/-]{1,128}")
_BODY = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message on EHİS. ``message_id`` is empty where the sender gave none."""

    correlation_id: str
    service_id: str
    sender: str
    receiver: str
    content_type: str
    payload: bytes
    message_id: str = ""


def open_envelope(raw: RawMessage, limits: Limits) -> Exchange:
    """Take a message out of its envelope.

    Raises ``Refused``: whatever ``parse_xml`` does, ``unknown-document``, ``required``,
    ``unknown-field``, and ``value`` for a payload that is not base64 or a name that is none.
    """
    root = parse_xml(raw, limits, XML)
    envelope = open_xml(root, NAMESPACE, NAME, limits)
    envelope.only(*_MEMBERS)
    payload = envelope.child("Payload")
    payload.only("@contentType")
    encoded = root.findtext(f"{{{NAMESPACE}}}Payload") or ""
    return Exchange(
        correlation_id=_named(envelope.text("CorrelationId"), "CorrelationId", _ID),
        service_id=_named(envelope.text("ServiceId"), "ServiceId", _ID),
        sender=_named(envelope.text("From"), "From", _BODY),
        receiver=_named(envelope.text("To"), "To", _BODY),
        message_id=envelope.text("MessageId") if envelope.has("MessageId") else "",
        content_type=payload.text("@contentType"),
        payload=_decoded(encoded),
    )


def make_envelope(exchange: Exchange) -> bytes:
    """Put a message into an envelope (UTF-8), for whoever delivers over EHİS."""
    root = etree.Element(f"{{{NAMESPACE}}}{NAME}", nsmap=_DEFAULT)
    texts = {
        "CorrelationId": exchange.correlation_id,
        "ServiceId": exchange.service_id,
        "From": exchange.sender,
        "To": exchange.receiver,
        "MessageId": exchange.message_id,
        "Payload": base64.b64encode(exchange.payload).decode(),
    }
    for name, text in texts.items():
        if text:
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = text
    root[-1].set("contentType", exchange.content_type)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _named(text: str, field: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(text):
        raise Refused("value", field, "not a name as the contract has it")
    return text


def _decoded(text: str) -> bytes:
    try:
        payload = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("value", "Payload", "not base64") from None
    if not payload:
        raise Refused("required", "Payload", "must be given")
    return payload
