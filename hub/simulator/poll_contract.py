"""The poll service's texts: its description, its answers and its faults (SOAP 1.1, wrapped)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from hub.simulator.markup import DECLARATION, SOAP, element

OPERATION = "FetchNotifications"

_WSDL = """\
<?xml version="1.0" encoding="UTF-8"?>
<definitions name="Poll" targetNamespace="{namespace}" xmlns:tns="{namespace}"
    xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <types>
    <xs:schema targetNamespace="{namespace}" elementFormDefault="qualified">
      <xs:element name="FetchNotifications"><xs:complexType><xs:sequence>
        <xs:element name="after" type="xs:long"/>
        <xs:element name="limit" type="xs:int"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="FetchNotificationsResponse"><xs:complexType><xs:sequence>
        <xs:element name="item" type="tns:Item" minOccurs="0" maxOccurs="unbounded"/>
        <xs:element name="more" type="xs:boolean"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="Item"><xs:sequence>
        <xs:element name="sequence" type="xs:long"/>
        <xs:element name="messageId" type="xs:string"/>
        <xs:element name="document" type="xs:base64Binary"/>
      </xs:sequence></xs:complexType>
    </xs:schema>
  </types>
  <message name="Request"><part name="parameters" element="tns:FetchNotifications"/></message>
  <message name="Response">
    <part name="parameters" element="tns:FetchNotificationsResponse"/>
  </message>
  <portType name="PollPort"><operation name="FetchNotifications">
    <input message="tns:Request"/><output message="tns:Response"/>
  </operation></portType>
  <binding name="PollBinding" type="tns:PollPort">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="FetchNotifications">
      <soap:operation soapAction="{namespace}#FetchNotifications"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
    </operation>
  </binding>
  <service name="PollService"><port name="PollPort" binding="tns:PollBinding">
    <soap:address location="{url}"/>
  </port></service>
</definitions>
"""
_AFTER = re.compile(rb"<(?:\w+:)?after[^<>]*>\s*(\d{1,18})\s*</")
_LIMIT = re.compile(rb"<(?:\w+:)?limit[^<>]*>\s*(\d{1,9})\s*</")


def wsdl(ministry: str, url: str) -> bytes:
    """Describe the ministry's service at ``url``."""
    return _WSDL.format(namespace=_namespace(ministry), url=url).encode()


def read_request(body: bytes) -> tuple[int, int] | None:
    """Read cursor and limit from a request; None if it is not one."""
    after, limit = _AFTER.search(body), _LIMIT.search(body)
    if OPERATION.encode() not in body or after is None or limit is None:
        return None
    return int(after[1]), int(limit[1])


def answer(ministry: str, items: Iterable[tuple[int, str, bytes]], *, more: bool) -> bytes:
    """Answer (sequence, message id, document) items."""
    listed = [
        {
            "sequence": str(sequence),
            "messageId": message_id,
            "document": base64.b64encode(document).decode(),
        }
        for sequence, message_id, document in items
    ]
    content = {"@xmlns": _namespace(ministry), "item": listed, "more": str(more).lower()}
    return _enveloped(element(f"{OPERATION}Response", content))


def fault(code: str, text: str) -> bytes:
    """Answer a SOAP fault; ``code`` is ``Client`` or ``Server``."""
    return _enveloped(
        f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>{text}</faultstring></s:Fault>"
    )


def _enveloped(inner: str) -> bytes:
    text = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'
    return f"{DECLARATION}{text}".encode()


def _namespace(ministry: str) -> str:
    return f"urn:synthetic:{ministry}:poll:v1"
