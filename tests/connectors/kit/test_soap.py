"""Envelopes are opened strictly; faults say what to do, in the version they were asked in."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from lxml import etree

from connectors._kit.contract import Limits
from connectors._kit.faults import fault_for
from connectors._kit.soap import DETAIL, SOAP_11, SOAP_12, make_fault, unwrap
from connectors._kit.xml import parse_text
from schemas.errors import HubError, Refused, Unavailable


def envelope(body: str, version: str = SOAP_11, header: str = "") -> etree._Element:
    return parse_text(
        f"<s:Envelope xmlns:s='{version}'>{header}<s:Body>{body}</s:Body></s:Envelope>", Limits()
    )


@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
def test_the_payload_of_either_version_is_taken_out(version: str) -> None:
    header = "<s:Header><t:Trace xmlns:t='urn:t' s:mustUnderstand='0'/></s:Header>"
    assert unwrap(envelope("<p xmlns='urn:p'/>", version, header)).tag == "{urn:p}p"


@pytest.mark.parametrize(
    "root",
    [
        parse_text("<Envelope/>", Limits()),
        parse_text("<s:Envelope xmlns:s='urn:other'/>", Limits()),
        parse_text(f"<s:Envelope xmlns:s='{SOAP_11}'/>", Limits()),
        envelope(""),
        envelope("<a/><b/>"),
        envelope("text"),
        envelope("<a/></s:Body><s:Body><b/>"),
        envelope("<a/>", header="<s:Header><t:T xmlns:t='u' s:mustUnderstand='1'/></s:Header>"),
    ],
)
def test_anything_but_one_payload_in_one_body_is_refused(root: etree._Element) -> None:
    with pytest.raises(Refused) as refusal:
        unwrap(root)
    assert (refusal.value.rule, refusal.value.field) == ("soap-envelope", "")


def test_a_fault_of_soap_1_1_names_rule_and_field() -> None:
    fault = etree.fromstring(make_fault(Refused("fin-format", "Act/FIN", "must be seven")))
    assert fault.findtext(".//faultcode") == "soap:Client"
    assert fault.nsmap["soap"] == SOAP_11
    refusal = [each.text for each in fault.iterfind(f".//{{{DETAIL}}}Refusal/*")]
    assert refusal == ["fin-format", "Act/FIN", "must be seven"]


def test_a_fault_of_soap_1_2_has_its_own_codes() -> None:
    fault = etree.fromstring(make_fault(Refused("xml-syntax", "", "bad"), SOAP_12))
    assert fault.findtext(f".//{{{SOAP_12}}}Value") == "soap:Sender"
    assert fault.findtext(f".//{{{SOAP_12}}}Text")


def test_our_own_trouble_is_not_blamed_on_the_sender_nor_described_to_it() -> None:
    answer = make_fault(Unavailable("database at 10.0.0.1 does not answer"))
    assert b"soap:Server" in answer
    assert b"10.0.0.1" not in answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("content-type", "", ""), HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (Refused("xml-doctype", "", ""), HTTPStatus.BAD_REQUEST),
        (Refused("too-large", "", ""), 413),
        (Refused("message-id-reused", "", ""), HTTPStatus.CONFLICT),
        (Refused("fin-format", "FIN", ""), HTTPStatus.UNPROCESSABLE_ENTITY),
        (Refused("a-rule-of-a-later-ministry", "x", ""), HTTPStatus.UNPROCESSABLE_ENTITY),
        (Unavailable(), HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_every_error_has_an_http_status(error: HubError, status: int) -> None:
    assert fault_for(error).status == status
