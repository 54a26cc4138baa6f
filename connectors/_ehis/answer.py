"""How an exchange over EHİS is answered, in both directions: acknowledged, or with a fault.

Synthetic, as ``contract/exchange.v1.xsd`` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from connectors._ehis.envelope import NAMESPACE
from connectors._kit.contract import Limits
from connectors._kit.encoding import decode_xml
from connectors._kit.xml import open_xml, parse_text
from schemas.errors import Refused

_ACKNOWLEDGEMENT, _FAULT = "Acknowledgement", "Fault"
_DEFAULT: dict[str, str] = {None: NAMESPACE}  # type: ignore[dict-item]  # the stubs know no default
_LIMITS = Limits()


class Code(StrEnum):
    """What a fault means for the message; only ``LATER`` says that coming again may help."""

    LATER = "Later"
    UNKNOWN_BODY = "UnknownBody"
    UNKNOWN_SERVICE = "UnknownService"
    NOT_ALLOWED = "NotAllowed"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The receiver has the message of these ids for good."""

    correlation_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Faulted:
    """Nothing was taken; what is empty was not said."""

    code: Code
    rule: str = ""
    field: str = ""
    explanation: str = ""


def write_answer(answer: Acknowledged | Faulted) -> bytes:
    """Write an answer (UTF-8)."""
    if isinstance(answer, Acknowledged):
        named = {"CorrelationId": answer.correlation_id, "MessageId": answer.message_id}
        return _written(_ACKNOWLEDGEMENT, named)
    said = {"Rule": answer.rule, "Field": answer.field, "Explanation": answer.explanation}
    return _written(_FAULT, {"Code": answer.code.value, **said})


def read_answer(body: bytes) -> Acknowledged | Faulted:
    """Read the code of a fault, or the ids of an acknowledgement; nothing else of it is kept.

    Raises ``Refused``: whatever ``parse_text`` does, ``unknown-document``, ``required``,
    ``unknown-field``, and ``value`` for a code that the contract does not have.
    """
    root = parse_text(decode_xml(body, None), _LIMITS)
    if root.tag == f"{{{NAMESPACE}}}{_FAULT}":
        fault = open_xml(root, NAMESPACE, _FAULT, _LIMITS)
        fault.only("Code", "Rule", "Field", "Explanation")
        return Faulted(_code(fault.text("Code")))
    receipt = open_xml(root, NAMESPACE, _ACKNOWLEDGEMENT, _LIMITS)
    receipt.only("CorrelationId", "MessageId")
    return Acknowledged(receipt.text("CorrelationId"), receipt.text("MessageId"))


def _code(text: str) -> Code:
    try:
        return Code(text)
    except ValueError:
        raise Refused("value", "Code", "not a code of the contract") from None


def _written(name: str, texts: dict[str, str]) -> bytes:
    root = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=_DEFAULT)
    for member, text in texts.items():
        if text:
            etree.SubElement(root, f"{{{NAMESPACE}}}{member}").text = text
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
