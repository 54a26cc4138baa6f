"""What stands behind the gateway of EHİS: it takes envelopes and answers by the contract.

Written anew from ``connectors/_ehis/contract/exchange.v1.xsd``, so that agreement means something.
"""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from lxml import etree

from connectors import _ehis
from tests.support.endpoints import Behaviour, Endpoint, answering

NAMESPACE = "urn:synthetic:ehis:exchange:v1"
SCHEMA = etree.XMLSchema(etree.parse(Path(_ehis.__path__[0]) / "contract" / "exchange.v1.xsd"))


def taken_apart(envelope: bytes) -> dict[str, str]:
    """Every member of an envelope that the contract allows, by its name."""
    root = etree.fromstring(envelope)
    SCHEMA.assertValid(root)
    return {etree.QName(member).localname: member.text or "" for member in root}


def payload(envelope: bytes) -> bytes:
    return base64.b64decode(taken_apart(envelope)["Payload"])


def acknowledging(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """What an honest gateway does with an exchange."""
    said = taken_apart(here.bodies[-1])
    answering(202, acknowledgement(said["CorrelationId"], said["MessageId"]))(here, request)


def acknowledgement(correlation_id: str, message_id: str) -> bytes:
    return _answer(
        "Acknowledgement",
        f"<CorrelationId>{correlation_id}</CorrelationId><MessageId>{message_id}</MessageId>",
    )


def faulting(code: str, status: int = 500, **headers: str) -> Behaviour:
    """Answer with a fault."""
    return answering(status, _answer("Fault", f"<Code>{code}</Code>"), **headers)


def _answer(name: str, members: str) -> bytes:
    body = f'<{name} xmlns="{NAMESPACE}">{members}</{name}>'.encode()
    SCHEMA.assertValid(etree.fromstring(body))
    return body
