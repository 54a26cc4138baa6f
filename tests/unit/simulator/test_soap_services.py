from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from xml.etree import ElementTree

import pytest
import requests

from hub.simulator.soap_services import PAGE_LIMIT, PollServer, PollService
from hub.simulator.stream import Stream, stream

TOLD = 25
REQUEST = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<p:FetchNotifications xmlns:p="urn:synthetic:justice:poll:v1">'
    "<p:after>{after}</p:after><p:limit>{limit}</p:limit></p:FetchNotifications>"
    "</e:Body></e:Envelope>"
)


@pytest.fixture(scope="module")
def told() -> Stream:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return stream(TOLD, 1, 0.2, ("justice",), start, polled=True)


@pytest.fixture
def address(told: Stream) -> Iterator[str]:
    with PollServer({"justice": PollService("justice", told)}) as server:
        yield server.url("justice")


def request(after: int, limit: int) -> bytes:
    return REQUEST.format(after=after, limit=limit).encode()


def items(body: bytes) -> tuple[list[tuple[int, str, bytes]], bool]:
    root = ElementTree.fromstring(body)
    found = [
        (
            int(str(item.findtext("{*}sequence"))),
            str(item.findtext("{*}messageId")),
            base64.b64decode(str(item.findtext("{*}document"))),
        )
        for item in root.iter("{urn:synthetic:justice:poll:v1}item")
    ]
    return found, root.findtext(".//{*}more") == "true"


def test_pages_tell_the_whole_stream_in_order_and_then_nothing(told: Stream) -> None:
    service = PollService("justice", told)
    collected: list[tuple[int, str, bytes]] = []
    more = True
    while more:
        found, more = items(service.fetch(request(len(collected), 10)).body)
        collected += found
    assert [sequence for sequence, _, _ in collected] == list(range(1, TOLD + 1))
    assert [(message_id, document) for _, message_id, document in collected] == [
        (sent.message.message_id, sent.message.body) for sent in told
    ]
    assert items(service.fetch(request(TOLD, 10)).body) == ([], False)


def test_a_cursor_beyond_the_end_finds_nothing(told: Stream) -> None:
    assert items(PollService("justice", told).fetch(request(10**9, 10)).body) == ([], False)


def test_a_page_is_never_longer_than_the_service_allows(told: Stream) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    many = stream(PAGE_LIMIT + 5, 1, 0, ("justice",), start, polled=True)
    found, more = items(PollService("justice", many).fetch(request(0, 10**6)).body)
    assert len(found) == PAGE_LIMIT
    assert more


def test_faults_pass_after_two_in_a_row_at_most(told: Stream) -> None:
    service = PollService("justice", told, faults=1.0)
    statuses = [service.fetch(request(0, 1)).status for _ in range(9)]
    assert [status is HTTPStatus.OK for status in statuses] == [False, False, True] * 3
    assert HTTPStatus.SERVICE_UNAVAILABLE in statuses
    assert HTTPStatus.INTERNAL_SERVER_ERROR in statuses


def test_the_share_of_faults_is_as_stated(told: Stream) -> None:
    service = PollService("justice", told, faults=0.2)
    failed = sum(service.fetch(request(0, 1)).status is not HTTPStatus.OK for _ in range(500))
    assert failed / 500 == pytest.approx(0.2, abs=0.06)


def test_faults_are_the_same_for_the_same_seed(told: Stream) -> None:
    def statuses(seed: int) -> list[HTTPStatus]:
        service = PollService("justice", told, faults=0.5, seed=seed)
        return [service.fetch(request(0, 1)).status for _ in range(40)]

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)


@pytest.mark.parametrize("body", [b"", b"<x/>", REQUEST.format(after="a", limit=1).encode()])
def test_what_is_not_a_request_is_answered_with_a_client_fault(told: Stream, body: bytes) -> None:
    answer = PollService("justice", told, faults=1.0).fetch(body)
    assert ElementTree.fromstring(answer.body).findtext(".//faultcode") == "s:Client"


def test_the_service_speaks_http(address: str, told: Stream) -> None:
    answer = requests.post(address, data=request(0, 3), timeout=5)
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert len(items(answer.content)[0]) == 3


def test_the_description_names_the_address_it_was_asked_at(address: str) -> None:
    answer = requests.get(f"{address}?wsdl", timeout=5)
    found = ElementTree.fromstring(answer.content).find(".//{*}port/{*}address")
    assert found is not None
    assert found.get("location") == address


@pytest.mark.parametrize("path", ["/defence/poll", "/"])
def test_there_is_nothing_elsewhere(address: str, path: str) -> None:
    elsewhere = address.removesuffix("/justice/poll") + path
    assert requests.get(f"{elsewhere}?wsdl", timeout=5).status_code == HTTPStatus.NOT_FOUND
    assert requests.post(elsewhere, data=b"", timeout=5).status_code == HTTPStatus.NOT_FOUND
