"""Polling: pages arrive whole, passing faults are tried again, everything else is Unavailable."""

from __future__ import annotations

import io
import logging
import socket
from dataclasses import replace

import pytest
from lxml import etree

from connectors._kit.discover import discover
from connectors._kit.soap_client import Page, Polled, fetch
from schemas.errors import Stop, Unavailable
from tests.connectors.kit.service import POLL, Answer, Service, envelope, fault, page, serving

JUSTICE = discover()["justice"]
(POLL_OF_JUSTICE,) = JUSTICE.polls
SECRET = "TST0001"


def ask(url: str, after: int = 0, limit: int = 10, timeout: float = 5.0) -> Page:
    return fetch(
        JUSTICE,
        POLL_OF_JUSTICE,
        url,
        after=after,
        limit=limit,
        timeout=timeout,
        pause=lambda _seconds: None,
    )


def refused(service: Service, after: int = 0, limit: int = 10) -> str:
    with pytest.raises(Unavailable) as failure:
        ask(service.url, after, limit)
    assert SECRET not in str(failure.value)
    assert failure.value.__cause__ is None
    return str(failure.value)


def test_a_page_comes_with_its_documents_byte_for_byte() -> None:
    body = "<ə/>".encode("utf-16")
    with serving(page((7, "J-7", body), (9, "J-9", b"\x00\xff"), more="true")) as service:
        assert ask(service.url, after=3) == Page(
            (Polled(7, "J-7", body), Polled(9, "J-9", b"\x00\xff")), more=True
        )


def test_cursor_and_limit_are_what_is_asked_for() -> None:
    with serving(page()) as service:
        assert ask(service.url, after=41, limit=5) == Page((), more=False)
    request = etree.fromstring(service.requests[0])
    assert request.findtext(f".//{{{POLL}}}after") == "41"
    assert request.findtext(f".//{{{POLL}}}limit") == "5"


@pytest.mark.parametrize(
    "passing", [Answer(b"", 503), Answer(b"<html>busy</html>", 502), fault("Server")]
)
def test_a_passing_fault_is_tried_again(passing: Answer) -> None:
    with serving(passing, passing, page((1, "J-1", b"x"))) as service:
        assert len(ask(service.url).items) == 1
        assert len(service.requests) == 3


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (Answer(b"", 503), 3),
        (fault("Server", SECRET), 3),
        (fault("Client", SECRET), 1),
        (Answer(SECRET.encode(), 404), 1),
        (Answer(b"", 301, {"Location": "http://127.0.0.1:9/"}), 1),
        (Answer(SECRET.encode()), 1),
        (Answer(b""), 1),
        (Answer(f"<!DOCTYPE x [<!ENTITY e '{SECRET}'>]><x>&e;</x>".encode()), 1),
        (Answer(b"<a>" * 10_000), 1),
        (envelope(f"<other>{SECRET}</other>"), 1),
        (envelope(""), 1),
    ],
)
def test_what_does_not_pass_is_unavailable_after_so_many_requests(
    answer: Answer, requests: int
) -> None:
    with serving(answer) as service:
        assert "service of justice" in refused(service)
        assert len(service.requests) == requests


@pytest.mark.parametrize(
    ("answer", "fault_of_it"),
    [
        (page((3, "J-3", b"x")), "sequence does not rise"),
        (page((5, "J-5", b"x"), (5, "J-5", b"x")), "sequence does not rise"),
        (page((6, "J-6", b"x"), (5, "J-5", b"x")), "sequence does not rise"),
        (page((5, "", b"x")), "message id is missing"),
        (page((5, "J-5", b"")), "document or its message id is missing"),
        (page(*((n, f"J-{n}", b"x") for n in range(4, 15))), "more documents than were asked for"),
        (page(more="true"), "promises more but brings nothing"),
        (page(more=""), "contract"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_not_taken_in(
    answer: Answer, fault_of_it: str
) -> None:
    with serving(answer) as service:
        assert fault_of_it in refused(service, after=3)


def test_what_zeep_cannot_read_does_not_reach_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(told)])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    answer = page((5, "J-5", b"x"))
    broken = replace(answer, body=answer.body.replace(b">5<", f">{SECRET}<".encode()))
    with serving(broken) as service:
        assert "sequence does not rise" in refused(service)
    root.warning("the log works")
    assert "the log works" in told.getvalue()
    assert SECRET not in told.getvalue()


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Unavailable, match="does not answer"):
        ask(f"http://127.0.0.1:{port}/justice/poll")


def test_a_service_that_keeps_silent_is_unavailable_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="Read"):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}/justice/poll", timeout=0.5)


def test_a_missing_service_description_stops_the_process() -> None:
    with pytest.raises(Stop, match="no service description nowhere"):
        fetch(
            JUSTICE,
            replace(POLL_OF_JUSTICE, wsdl="nowhere.wsdl"),
            "http://127.0.0.1:9/",
            after=0,
            limit=1,
            timeout=1.0,
        )
