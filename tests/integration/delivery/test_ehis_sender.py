"""Delivery over EHİS before a real gateway: what it is sent, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.delivery.endpoints import open_ehis_sender
from hub.delivery.sender import Parcel, Postponed, Sender
from hub.delivery.subscriber import Channel, Subscriber
from hub.sections import EhisSettings
from schemas.errors import Parked, Stop, Unavailable
from tests.support import endpoints
from tests.support.credentials import Authority, real_now
from tests.support.ehis_gateway import (
    acknowledgement,
    acknowledging,
    faulting,
    payload,
    taken_apart,
)
from tests.support.endpoints import Behaviour, answering, endpoint, serving
from tests.support.servers import free_port

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
PARCEL = Parcel.of("fund", "application/cloudevents-batch+json", b'[{"id":"1"}]', ["a" * 32])
FUND = Subscriber("fund", "Sinaq", Channel.EHIS, service="fund.persons")


@contextmanager
def sending(url: str | None, subscriber: Subscriber = FUND, **given: Any) -> Iterator[Sender]:
    settings = {"secrets": SECRET, "internal": True, "connect_seconds": 1, "read_seconds": 1}
    section = EhisSettings(**({"url": url, **settings, "total_seconds": 1} | given))
    sender = open_ehis_sender(subscriber, section)
    try:
        yield sender
    finally:
        sender.close()


def send(url: str, **given: Any) -> None:
    with sending(url, **given) as sender:
        sender.send(PARCEL, NOW)


def test_the_parcel_comes_in_an_envelope_that_the_contract_allows() -> None:
    with endpoint(acknowledging) as here:
        send(here.url)
    ((headers, body),) = here.received
    assert headers["Content-Type"] == headers["Accept"] == "application/xml"
    assert headers["webhook-id"] == PARCEL.delivery_id
    assert payload(body) == PARCEL.body
    said = taken_apart(body)
    del said["Payload"]
    assert said == {
        "CorrelationId": PARCEL.delivery_id,
        "ServiceId": "fund.persons",
        "From": "qovsaq",
        "To": "fund",
        "MessageId": PARCEL.delivery_id,
    }


def test_after_a_lost_answer_the_same_comes_again_under_the_same_ids() -> None:
    with endpoint(endpoints.hanging_up) as here, sending(here.url) as sender:
        with pytest.raises(Unavailable):
            sender.send(PARCEL, NOW)
        here.behave = acknowledging
        sender.send(PARCEL, NOW)
    first, second = here.bodies
    assert first == second


@pytest.mark.parametrize("status", [200, 429, 500, 503])
def test_the_gateway_says_when_to_come_again(status: int) -> None:
    busy = faulting("Later", status, Retry_After="90")
    with endpoint(busy) as here, pytest.raises(Postponed) as failure:
        send(here.url)
    assert failure.value.seconds == 90


@pytest.mark.parametrize("code", ["UnknownBody", "UnknownService", "NotAllowed", "Refused"])
@pytest.mark.parametrize("status", [200, 404, 422, 500])
def test_a_fault_that_blames_the_message_is_for_a_person(code: str, status: int) -> None:
    with endpoint(faulting(code, status)) as here, pytest.raises(Parked, match=code) as failure:
        send(here.url)
    assert failure.value.cause == "endpoint-refuses"


@pytest.mark.parametrize(
    ("status", "cause"),
    [(410, "endpoint-gone"), (302, "endpoint-redirects"), (401, "endpoint-refuses")],
)
def test_a_status_without_a_fault_means_what_it_means_of_a_webhook(status: int, cause: str) -> None:
    answer = answering(status, Location="http://127.0.0.1/")
    with endpoint(answer) as here, pytest.raises(Parked) as failure:
        send(here.url)
    assert failure.value.cause == cause


@pytest.mark.parametrize(
    "bad",
    [
        answering(200, b"thanks"),
        answering(202),
        answering(200, acknowledgement("x", PARCEL.delivery_id)),
        answering(200, acknowledgement(PARCEL.delivery_id, "x")),
        answering(503, acknowledgement(PARCEL.delivery_id, PARCEL.delivery_id)),
        answering(200, acknowledgement("x", "x").replace(b"Acknowledgement", b"Fault")),
        answering(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        endpoints.endless_body,
        endpoints.dripping_body,
    ],
)
def test_without_its_acknowledgement_a_delivery_comes_again(bad: Behaviour) -> None:
    with endpoint(bad) as here, pytest.raises(Postponed):
        send(here.url)


def test_nobody_there_is_an_outage() -> None:
    with pytest.raises(Unavailable):
        send(f"http://127.0.0.1:{free_port()}/")


def test_the_gateway_may_ask_for_our_certificate_instead_of_a_secret(tmp_path: Path) -> None:
    authority = Authority(tmp_path, real_now())
    theirs, ours = authority.issue("ehis", "ehis"), authority.issue("hub", "hub")
    given: dict[str, Any] = {"authorities": authority.file, "secrets": ()}
    given |= {"certificate": ours[0], "private_key": ours[1]}
    with endpoint(acknowledging, context=serving(authority, theirs)) as here:
        with pytest.raises(Unavailable, match="not allowed"):
            send(here.url, **given, internal=False)
        send(here.url, **given)
    assert "webhook-id" not in here.received[0][0]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"url": None}, "fund: QOVSAQ_EHIS__URL is not set"),
        ({"secrets": ()}, "QOVSAQ_EHIS__CERTIFICATE or QOVSAQ_EHIS__SECRETS"),
        ({"secrets": "whsec_short"}, "signing secret"),
        ({"url": "http://ehis.example/", "internal": False}, "https"),
        ({"url": "https://u:p@ehis.example/"}, "credentials"),
        ({"subscriber": Subscriber("fund", "Sinaq", Channel.EHIS)}, "fund has no service"),
    ],
)
def test_a_gateway_that_may_not_be_used_is_found_before_anything_is_sent(
    given: dict[str, Any], named: str
) -> None:
    with pytest.raises(Stop, match=named), sending(**({"url": "https://ehis.example/"} | given)):
        pass
