"""SOAP envelopes, 1.1 and 1.2: taking the payload out, and answering with a fault."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from connectors._kit.faults import fault_for
from schemas.errors import HubError, Refused

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
DETAIL = "urn:az:itsda:qovsaq:fault:v1"
RECEIPT = "urn:az:itsda:qovsaq:intake:v1"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES_12 = {"Client": "Sender", "Server": "Receiver"}


def unwrap(root: etree._Element) -> etree._Element:
    """The one payload element in the envelope's body.

    Raises ``Refused`` (``soap-envelope``) for anything but an envelope of SOAP 1.1 or 1.2 with
    one payload, and for header blocks that must be understood: the hub understands none.
    """
    namespace = _version(root)
    bodies = [child for child in root if child.tag == f"{{{namespace}}}Body"]
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Refused("soap-envelope", "", "expected one body with one element in it")
    for header in root.iterfind(f"{{{namespace}}}Header/*"):
        if header.get(f"{{{namespace}}}mustUnderstand") in ("1", "true"):
            raise Refused("soap-envelope", "", "a header block must be understood and is not")
    return bodies[0][0]


def make_fault(error: HubError, version: str = SOAP_11) -> bytes:
    """A fault envelope (UTF-8) of the given SOAP version, its detail naming rule and field."""
    fault = fault_for(error)
    envelope = etree.Element(f"{{{version}}}Envelope", nsmap={"soap": version})
    body = etree.SubElement(etree.SubElement(envelope, f"{{{version}}}Body"), f"{{{version}}}Fault")
    fill = _fill_11 if version == SOAP_11 else _fill_12
    detail = fill(body, fault.soap_code, fault.advice)
    if isinstance(error, Refused):
        _explain(etree.SubElement(detail, f"{{{DETAIL}}}Refusal"), DETAIL, error)
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def make_receipt(
    message_id: str, refusals: Iterable[tuple[int, Refused]], version: str = SOAP_11
) -> bytes:
    """An envelope (UTF-8) that says the message was taken; ``refusals`` are records, by their
    place in the document, that are known to be refused."""
    envelope = etree.Element(f"{{{version}}}Envelope", nsmap={"soap": version})
    body = etree.SubElement(envelope, f"{{{version}}}Body")
    accepted = etree.SubElement(body, f"{{{RECEIPT}}}Accepted", nsmap={"q": RECEIPT})
    etree.SubElement(accepted, f"{{{RECEIPT}}}MessageId").text = message_id
    for ordinal, error in refusals:
        refusal = etree.SubElement(accepted, f"{{{RECEIPT}}}Refusal", ordinal=str(ordinal))
        _explain(refusal, RECEIPT, error)
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def _explain(refusal: etree._Element, namespace: str, error: Refused) -> None:
    texts = {"Rule": error.rule, "Field": error.field, "Explanation": error.explanation}
    for name, text in texts.items():
        etree.SubElement(refusal, f"{{{namespace}}}{name}").text = text


def _version(root: etree._Element) -> str:
    for namespace in (SOAP_11, SOAP_12):
        if root.tag == f"{{{namespace}}}Envelope":
            return namespace
    raise Refused("soap-envelope", "", "the document is not a SOAP envelope")


def _fill_11(fault: etree._Element, code: str, advice: str) -> etree._Element:
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = advice
    return etree.SubElement(fault, "detail")


def _fill_12(fault: etree._Element, code: str, advice: str) -> etree._Element:
    value = etree.SubElement(etree.SubElement(fault, f"{{{SOAP_12}}}Code"), f"{{{SOAP_12}}}Value")
    value.text = f"soap:{_CODES_12[code]}"
    reason = etree.SubElement(fault, f"{{{SOAP_12}}}Reason")
    text = etree.SubElement(reason, f"{{{SOAP_12}}}Text", {_XML_LANG: "en"})
    text.text = advice
    return etree.SubElement(fault, f"{{{SOAP_12}}}Detail")
