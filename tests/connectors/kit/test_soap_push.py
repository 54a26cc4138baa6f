"""The SOAP push contract: what is written fits it, and only a right receipt counts."""

from __future__ import annotations

import pytest
from lxml import etree

from connectors._kit.soap import SOAP_11
from connectors._kit.soap_push import CONTRACT, BrokenReply, Faulted, read_reply, write_message

SPACE = "urn:az:itsda:qovsaq:delivery:v1"
RECEIPT = f'<Receipt xmlns="{SPACE}"><deliveryId>d-1</deliveryId></Receipt>'


def envelope(body: str) -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP_11}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


def fault(code: str) -> bytes:
    return envelope(
        f"<e:Fault><faultcode>{code}</faultcode><faultstring>TST0001</faultstring></e:Fault>"
    )


def test_a_delivery_fits_the_published_schema() -> None:
    document = b"[\x00\xff]"
    root = etree.fromstring(write_message("d-1", "fund", "application/json", document))
    delivery = root[0][0]
    schemas = etree.parse(CONTRACT).iter("{http://www.w3.org/2001/XMLSchema}schema")
    assert etree.XMLSchema(next(schemas)).validate(delivery)
    assert [child.text for child in delivery] == ["d-1", "fund", "application/json", "WwD/XQ=="]


def test_a_receipt_that_names_the_delivery_is_one() -> None:
    assert read_reply("d-1", envelope(RECEIPT)) is None


@pytest.mark.parametrize(
    ("code", "local"),
    [("e:Server", "Server"), ("Client", "Client"), ("e:Server.Busy", "Server.Busy")],
)
def test_a_fault_is_known_by_its_code(code: str, local: str) -> None:
    assert read_reply("d-1", fault(code)) == Faulted(local)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"thank you",
        b"<a/>",
        b"<html>oops</html>",
        envelope(""),
        envelope(RECEIPT.replace("d-1", "d-2")),
        envelope(RECEIPT.replace("Receipt", "Other")),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + envelope(RECEIPT),
        envelope(RECEIPT)[:-9],
        f'<e:Envelope xmlns:e="{SOAP_11}"/>'.encode(),
    ],
)
def test_anything_else_breaks_the_contract_and_is_not_quoted(body: bytes) -> None:
    with pytest.raises(BrokenReply) as failure:
        read_reply("d-1", body)
    assert "TST" not in str(failure.value)
    assert failure.value.__cause__ is None
