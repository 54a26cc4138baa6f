"""Webhook and SOAP senders before real endpoints: what they send, and what answers mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors._kit.soap import SOAP_11
from connectors._kit.soap_push import NAMESPACE
from hub.delivery.endpoints import open_sender
from hub.delivery.sender import Parcel, Postponed, Sender
from hub.delivery.subscriber import Channel, Subscriber
from hub.sections import EndpointSettings
from schemas.errors import Parked, Stop, Unavailable
from tests.support import endpoints
from tests.support.credentials import Authority, real_now
from tests.support.endpoints import Behaviour, Endpoint, answering, endpoint, serving
from tests.support.servers import free_port

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEYS = (b"0123456789abcdef01234567", b"abcdef0123456789abcdef01")
NEW, OLD = ("whsec_" + base64.b64encode(key).decode() for key in KEYS)
PARCEL = Parcel.of("fund", "application/cloudevents-batch+json", b'[{"id":"1"}]', ["a" * 32])


@contextmanager
def sending(url: str, channel: Channel = Channel.WEBHOOK, **given: Any) -> Iterator[Sender]:
    settings = {"secrets": OLD, "internal": True, "connect_seconds": 1, "read_seconds": 1}
    section = EndpointSettings(**(settings | {"total_seconds": 1} | given))
    sender = open_sender(Subscriber("fund", "Sinaq", channel, url), section)
    try:
        yield sender
    finally:
        sender.close()


def send(url: str, channel: Channel = Channel.WEBHOOK, **given: Any) -> None:
    with sending(url, channel, **given) as sender:
        sender.send(PARCEL, NOW)


def signature(key: bytes, body: bytes) -> str:
    """Written anew from the specification, so that agreement means something."""
    content = f"{PARCEL.delivery_id}.{int(NOW.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def receipt(here: Endpoint, request: BaseHTTPRequestHandler) -> None:
    """What an honest SOAP service does with a delivery."""
    delivery = etree.fromstring(here.bodies[-1])[0][0]
    delivery_id = delivery.findtext(f"{{{NAMESPACE}}}deliveryId")
    body = f'<Receipt xmlns="{NAMESPACE}"><deliveryId>{delivery_id}</deliveryId></Receipt>'
    answering(200, envelope(body), Content_Type="text/xml")(here, request)


def envelope(body: str) -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP_11}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


def fault(code: str) -> bytes:
    return envelope(f"<e:Fault><faultcode>e:{code}</faultcode><faultstring/></e:Fault>")


def test_a_webhook_gets_the_parcel_signed_with_both_secrets() -> None:
    with endpoint(answering(204)) as here:
        send(here.url, secrets=f"{NEW},{OLD}")
    ((headers, body),) = here.received
    assert body == PARCEL.body
    assert headers["Content-Type"] == PARCEL.content_type
    assert headers["webhook-id"] == PARCEL.delivery_id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    both = [signature(key, body) for key in KEYS]
    assert headers["webhook-signature"].split(" ") == both


def test_a_soap_service_gets_the_parcel_in_an_envelope_and_gives_a_receipt() -> None:
    with endpoint(receipt) as here:
        send(here.url, Channel.SOAP)
    ((headers, body),) = here.received
    delivery = etree.fromstring(body)[0][0]
    assert [child.text for child in delivery] == [
        PARCEL.delivery_id,
        "fund",
        PARCEL.content_type,
        base64.b64encode(PARCEL.body).decode(),
    ]
    assert headers["SOAPAction"] == f'"{NAMESPACE}#Deliver"'
    assert headers["webhook-signature"] == signature(KEYS[1], body)


@pytest.mark.parametrize("channel", [Channel.WEBHOOK, Channel.SOAP])
def test_the_endpoint_says_when_to_come_again(channel: Channel) -> None:
    with endpoint(answering(429, Retry_After="90")) as here, pytest.raises(Postponed) as failure:
        send(here.url, channel)
    assert failure.value.seconds == 90


@pytest.mark.parametrize("channel", [Channel.WEBHOOK, Channel.SOAP])
@pytest.mark.parametrize(
    ("status", "cause"),
    [(410, "endpoint-gone"), (302, "endpoint-redirects"), (401, "endpoint-refuses")],
)
def test_a_no_for_good_is_for_a_person(channel: Channel, status: int, cause: str) -> None:
    answer = answering(status, Location="http://127.0.0.1/")
    with endpoint(answer) as here, pytest.raises(Parked) as failure:
        send(here.url, channel)
    assert failure.value.cause == cause


@pytest.mark.parametrize("channel", [Channel.WEBHOOK, Channel.SOAP])
def test_nobody_there_is_an_outage(channel: Channel) -> None:
    with pytest.raises(Unavailable):
        send(f"http://127.0.0.1:{free_port()}/", channel)


@pytest.mark.parametrize("bad", [endpoints.endless_body, endpoints.dripping_body])
def test_a_success_without_an_end_is_a_success_of_a_webhook(bad: Behaviour) -> None:
    with endpoint(bad) as here:
        send(here.url)


@pytest.mark.parametrize(
    "bad",
    [
        answering(200, b"thanks"),
        answering(204),
        answering(202),
        answering(500, b"oops"),
        answering(500, fault("Server")),
        endpoints.endless_body,
        endpoints.dripping_body,
    ],
)
def test_without_a_receipt_a_soap_delivery_comes_again(bad: Behaviour) -> None:
    with endpoint(bad) as here, pytest.raises(Postponed):
        send(here.url, Channel.SOAP)


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_that_blames_the_message_is_for_a_person(status: int) -> None:
    with endpoint(answering(status, fault("Client"))) as here, pytest.raises(Parked):
        send(here.url, Channel.SOAP)


def test_both_sides_may_show_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path, real_now())
    theirs, ours = authority.issue("fund", "fund"), authority.issue("hub", "hub")
    given: dict[str, Any] = {"internal": False, "authorities": authority.file}
    with endpoint(answering(200), context=serving(authority, theirs)) as here:
        with pytest.raises(Unavailable, match="not allowed"):
            send(here.url, **given)
        given["internal"] = True
        with pytest.raises(Unavailable):
            send(here.url, **given)
        send(here.url, **given, certificate=ours[0], private_key=ours[1])
    assert len(here.received) == 1


@pytest.mark.parametrize(
    ("url", "given", "named"),
    [
        ("https://fund.example/", {"secrets": ()}, "QOVSAQ_ENDPOINTS__FUND__SECRETS"),
        ("https://fund.example/", {"secrets": "whsec_short"}, "signing secret"),
        ("http://fund.example/", {"internal": False}, "https"),
        ("https://u:p@fund.example/", {}, "credentials"),
        ("https://fund.example/", {"authorities": Path("/nowhere.pem")}, "cannot be used"),
    ],
)
def test_an_endpoint_that_may_not_be_used_is_found_before_anything_is_sent(
    url: str, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(Stop, match=named), sending(url, **given):
        pass


def test_a_subscriber_without_settings_for_its_endpoint_is_told_which() -> None:
    fund = Subscriber("state-fund", "Sinaq", Channel.WEBHOOK, "https://fund.example/")
    with pytest.raises(Stop, match="QOVSAQ_ENDPOINTS__STATE_FUND__SECRETS"):
        open_sender(fund, None)
    with pytest.raises(Stop, match="no endpoint"):
        open_sender(Subscriber("state-fund", "Sinaq", Channel.AMQP), None)
