"""Contracts written in XML (XSD and WSDL): what they are about, and the shape they prescribe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

from connectors._kit.contract import Limits
from connectors._kit.encoding import decode_xml
from connectors._kit.xml import parse_text
from connectors._kit.xsd import XSD, XmlSchema
from connectors._kit.xsd_types import type_name
from schemas.errors import Refused

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP = ("{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/soap12/}")
_LIMITS = Limits()
_UNREADABLE = (RecursionError, ValueError, LookupError)


@dataclass(frozen=True, slots=True)
class XmlContract:
    """An XSD or WSDL: its target namespace, and its shape as ``hub.contracts`` compares it."""

    namespace: str
    shape: dict[str, Any]


def read_xml_contract(body: bytes) -> XmlContract:
    """Read an XSD or a WSDL 1.1; raise ``Refused`` for anything else. Nothing is imported."""
    root = parse_text(decode_xml(body, None), _LIMITS)
    try:
        if root.tag == f"{XSD}schema":
            return XmlContract(root.get("targetNamespace", ""), _documents(root))
        if root.tag == f"{_WSDL}definitions":
            return XmlContract(root.get("targetNamespace", ""), _service(root))
    except _UNREADABLE as error:
        raise Refused("contract", "", f"cannot be read ({type(error).__name__})") from None
    raise Refused("contract", "", "neither an XML Schema nor a WSDL 1.1")


def _documents(root: etree._Element) -> dict[str, Any]:
    schema = XmlSchema([root])
    return {
        "type": "object",
        "x-members": "element",
        "additionalProperties": False,
        "properties": schema.elements(),
        "$defs": schema.definitions(),
    }


def _service(root: etree._Element) -> dict[str, Any]:
    schema = XmlSchema(root.iterfind(f"{_WSDL}types/{XSD}schema"))
    elements = schema.elements()
    messages = {
        message.get("name", ""): [
            elements.get(type_name(part.get("element")), {})
            for part in message.iterfind(f"{_WSDL}part")
        ]
        for message in root.iterfind(f"{_WSDL}message")
    }
    actions = _actions(root)
    return {
        "type": "object",
        "x-members": "operation",
        "additionalProperties": False,
        "properties": {
            name: _operation(operation, messages, actions.get(name, ""))
            for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation")
            for name in [operation.get("name", "")]
        },
        "$defs": schema.definitions(),
    }


def _operation(
    operation: etree._Element, messages: dict[str, list[dict[str, Any]]], action: str
) -> dict[str, Any]:
    parts: dict[str, Any] = {"SOAPAction": {"const": action}}
    for direction in ("input", "output"):
        for end in operation.iterfind(f"{_WSDL}{direction}"):
            bodies = messages.get(type_name(end.get("message")), [])
            parts[direction] = {"allOf": bodies}
    return {"type": "object", "x-members": "part", "properties": parts}


def _actions(root: etree._Element) -> dict[str, str]:
    return {
        operation.get("name", ""): soap.get("soapAction", "")
        for operation in root.iterfind(f"{_WSDL}binding/{_WSDL}operation")
        for soap in operation
        if soap.tag in [f"{namespace}operation" for namespace in _SOAP]
    }
