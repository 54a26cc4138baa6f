"""The project's own SOAP contract for pushing to subscribers: writing a message, reading the reply.

How it travels is the hub's matter. zeep writes by ``contract/delivery.wsdl``; the reply is read
by hand, because zeep takes any element for the one that was agreed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import requests
import zeep
from lxml import etree
from zeep.transports import Transport

from connectors._kit.contract import Limits
from connectors._kit.encoding import decode_xml
from connectors._kit.soap import SOAP_11, unwrap
from connectors._kit.soap_client import SETTINGS, load_wsdl
from connectors._kit.xml import parse_text
from schemas.errors import Refused

NAMESPACE = "urn:az:itsda:qovsaq:delivery:v1"
CONTRACT = Path(__file__).parent / "contract" / "delivery.wsdl"
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": f'"{NAMESPACE}#Deliver"',
}
_OPERATION = "Deliver"
_LIMITS = Limits()


class BrokenReply(Exception):
    """The reply is not what the contract says; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """The subscriber's fault; ``code`` without its prefix (``Server``, ``Client``, …)."""

    code: str


def write_message(delivery_id: str, subscriber: str, content_type: str, document: bytes) -> bytes:
    """Write the envelope (UTF-8) of one delivery."""
    envelope = _client().create_message(
        _client().service,
        _OPERATION,
        deliveryId=delivery_id,
        subscriber=subscriber,
        contentType=content_type,
        document=document,
    )
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def read_reply(delivery_id: str, body: bytes) -> Faulted | None:
    """Read the reply to a delivery: a fault, or None for the receipt that names it.

    Raises ``BrokenReply``.
    """
    try:
        payload = unwrap(parse_text(decode_xml(body, None), _LIMITS))
    except Refused as refusal:
        raise BrokenReply(f"the answer breaks the contract ({refusal.rule})") from None
    if payload.tag == f"{{{SOAP_11}}}Fault":
        code = payload.findtext("faultcode") or ""
        return Faulted(code.strip().rpartition(":")[2])
    receipt_for = payload.findtext(f"{{{NAMESPACE}}}deliveryId")
    if payload.tag != f"{{{NAMESPACE}}}Receipt" or receipt_for != delivery_id:
        raise BrokenReply("the answer breaks the contract (no receipt for this delivery)")
    return None


@cache
def _client() -> zeep.Client:
    with requests.Session() as session:
        transport = Transport(session=session)
        return zeep.Client(load_wsdl(CONTRACT), transport=transport, settings=SETTINGS)
