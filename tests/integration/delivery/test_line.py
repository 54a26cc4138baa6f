"""One exchange with an endpoint: honest, dead, slow or hostile, it ends in time and in bounds."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.delivery.address import Address, Resolve, parse_target, resolve
from hub.delivery.line import Answer, Line, Patience
from schemas.errors import Unavailable
from tests.support import endpoints
from tests.support.credentials import Authority, real_now
from tests.support.endpoints import Behaviour, answering, endpoint
from tests.support.servers import free_port

PATIENT = Patience(connect=60.0, read=60.0, total=120.0)
QUICK = Patience(connect=2.0, read=0.3, total=0.6)
HUNG = 30.0
"""Seconds after which an exchange that was to end in ``QUICK`` time has not ended."""
MOST = 1024


def line(
    url: str,
    context: ssl.SSLContext | None = None,
    resolve: Resolve = resolve,
    *,
    public: bool = False,
    patience: Patience = PATIENT,
) -> Line:
    target = parse_target(url, internal=not public)
    return Line(target, context=context, patience=patience, resolve=resolve)


def post(url: str, body: bytes = b"[]", patience: Patience = PATIENT) -> Answer:
    made = line(url, patience=patience)
    try:
        return made.post(body, {"Content-Type": "application/json"}, MOST)
    finally:
        made.close()


def test_the_endpoint_gets_body_and_headers_and_its_answer_comes_back() -> None:
    with endpoint(answering(503, b"busy", Retry_After="7")) as here:
        answer = post(here.url, b"[1]")
    ((headers, body),) = here.received
    assert (answer.status, answer.body, answer.whole) == (503, b"busy", True)
    assert answer.headers["Retry-After"] == "7"
    assert (body, headers["Content-Type"]) == (b"[1]", "application/json")
    assert headers["Host"] == f"127.0.0.1:{here.port}"


def test_a_connection_is_kept_while_the_endpoint_keeps_it() -> None:
    with endpoint(answering(200)) as here:
        kept = line(here.url)
        for _ in range(5):
            assert kept.post(b"[]", {}, MOST).status == 200
        kept.close()
    assert (here.connections, len(here.received)) == (1, 5)


def test_a_connection_the_endpoint_has_closed_is_opened_again() -> None:
    with endpoint(answering(200, Connection="close")) as here:
        kept = line(here.url)
        for _ in range(3):
            assert kept.post(b"[]", {}, MOST).status == 200
        kept.close()
    assert here.connections == 3


def test_an_endpoint_restarted_between_deliveries_is_found_again() -> None:
    with endpoint(answering(200)) as here:
        kept = line(here.url)
        assert kept.post(b"[]", {}, MOST).status == 200
    with pytest.raises(Unavailable):
        kept.post(b"[]", {}, MOST)
    with endpoint(answering(200), port=here.port):
        assert kept.post(b"[]", {}, MOST).status == 200
    kept.close()


def test_no_redirect_is_followed() -> None:
    with endpoint(answering(200)) as elsewhere:
        with endpoint(answering(307, Location=elsewhere.url)) as here:
            assert post(here.url).status == 307
        assert elsewhere.received == []


def test_nobody_listening_is_an_outage() -> None:
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        post(f"http://127.0.0.1:{free_port()}/in")


@pytest.mark.parametrize(
    "bad",
    [
        endpoints.silent,
        endpoints.dripping_head,
        endpoints.continuing,
        endpoints.endless_line,
        endpoints.garbage,
        endpoints.hanging_up,
    ],
)
def test_an_endpoint_without_an_answer_in_time_is_an_outage(bad: Behaviour) -> None:
    with endpoint(bad) as here:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            post(here.url, patience=QUICK)
        assert time.monotonic() - begun < HUNG


@pytest.mark.parametrize("bad", [endpoints.dripping_body, endpoints.endless_body])
def test_a_body_without_end_is_cut_and_the_status_stands(bad: Behaviour) -> None:
    with endpoint(bad) as here:
        begun = time.monotonic()
        answer = post(here.url, patience=QUICK)
        assert time.monotonic() - begun < HUNG
    assert (answer.status, answer.whole) == (200, False)
    assert len(answer.body) <= MOST


def test_a_huge_answer_is_not_read() -> None:
    with endpoint(answering(200, b"x" * 50_000_000)) as here:
        answer = post(here.url)
    assert (len(answer.body), answer.whole) == (MOST, False)


def test_a_body_shorter_than_promised_is_not_whole() -> None:
    def short(_: object, request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        request.close_connection = True

    with endpoint(short) as here:
        answer = post(here.url)
    assert (answer.status, answer.whole) == (200, False)


def test_an_endpoint_that_does_not_read_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            post(f"http://127.0.0.1:{deaf.getsockname()[1]}/in", b"x" * 30_000_000, QUICK)
        assert time.monotonic() - begun < HUNG


def test_this_machine_is_not_connected_to_unless_that_is_allowed() -> None:
    with endpoint(answering(200)) as here:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(Unavailable, match="not allowed"):
                line(f"https://{host}:{here.port}/in", public=True).post(b"[]", {}, MOST)
        assert here.connections == 0


def test_a_name_that_changes_its_address_after_it_was_judged_changes_nothing() -> None:
    answers = iter(["127.0.0.1", "169.254.169.254"])
    asked = []

    def rebinding(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address(next(answers))]

    with endpoint(answering(200)) as here:
        made = line(f"http://fund.example:{here.port}/in", resolve=rebinding)
        assert made.post(b"[]", {}, MOST).status == 200
        assert made.post(b"[]", {}, MOST).status == 200
        assert asked == ["fund.example"]
        made.close()
        with pytest.raises(Unavailable, match="not allowed"):
            made.post(b"[]", {}, MOST)
    assert here.received[0][0]["Host"] == f"fund.example:{here.port}"


def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    with endpoint(answering(200)) as here:
        both = [ip_address("127.0.0.9"), ip_address("127.0.0.1")]
        made = line(f"http://fund.example:{here.port}/in", resolve=lambda *_: both)
        assert made.post(b"[]", {}, MOST).status == 200
        made.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, real_now())


@pytest.fixture
def secured(authority: Authority) -> Iterator[endpoints.Endpoint]:
    certificate, key = authority.issue("fund", "fund")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with endpoint(answering(200), context) as here:
        yield here


def test_a_certificate_of_an_authority_we_trust_for_the_very_name_is_needed(
    authority: Authority, secured: endpoints.Endpoint
) -> None:
    trusting = ssl.create_default_context(cafile=str(authority.file))
    kept = line(secured.url, trusting)
    for _ in range(2):
        assert kept.post(b"[]", {}, MOST).status == 200
    kept.close()
    assert secured.connections == 1
    with pytest.raises(Unavailable, match="Cert"):
        line(secured.url).post(b"[]", {}, MOST)
    port = urlsplit(secured.url).port
    other_name = line(
        f"https://other.example:{port}/in", trusting, lambda *_: [ip_address("127.0.0.1")]
    )
    with pytest.raises(Unavailable, match="Cert"):
        other_name.post(b"[]", {}, MOST)
    assert len(secured.received) == 2


def test_a_handshake_that_does_not_come_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/in"
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            line(url, patience=QUICK).post(b"[]", {}, MOST)
        assert time.monotonic() - begun < HUNG
