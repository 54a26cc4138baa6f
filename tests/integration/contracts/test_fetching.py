"""Fetching a contract: whole and from where it was configured, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.contracts.fetching import address, fetch
from schemas.errors import Unavailable
from tests.integration.contracts.served import Served, serving
from tests.support.servers import free_port


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def test_what_is_served_is_fetched_as_it_is(served: Served) -> None:
    served.documents["/a?wsdl"] = b"<a/>" * 50_000
    assert fetch(served.url("/a?wsdl"), timeout=5, most=1_000_000) == b"<a/>" * 50_000


def test_more_than_was_allowed_is_not_taken_in(served: Served) -> None:
    served.documents["/a"] = b"x" * 2000
    with pytest.raises(Unavailable, match="more than 1999 bytes"):
        fetch(served.url("/a"), timeout=5, most=1999)
    assert len(fetch(served.url("/a"), timeout=5, most=2000)) == 2000


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 500])
def test_a_redirect_is_not_followed_and_an_error_is_no_contract(
    served: Served, status: int
) -> None:
    served.documents |= {"/a": b"moved", "/b": b"<secret/>"}
    served.statuses["/a"] = status
    served.headers["/a"] = {"Location": served.url("/b")}
    with pytest.raises(Unavailable, match=f"status {status}"):
        fetch(served.url("/a"), timeout=5, most=1000)
    assert served.asked == ["/a"]


def test_a_compressed_answer_is_refused_before_it_swells(served: Served) -> None:
    served.documents["/a"] = b"\x1f\x8b"
    served.headers["/a"] = {"Content-Encoding": "gzip"}
    with pytest.raises(Unavailable, match="compressed"):
        fetch(served.url("/a"), timeout=5, most=1000)


def test_a_service_that_drips_does_not_hold_the_line(served: Served) -> None:
    served.dripping.add("/a")
    served.statuses["/a"] = 200
    with pytest.raises(Unavailable, match="too slow"):
        fetch(served.url("/a"), timeout=0.3, most=1_000_000)


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="ConnectionError"):
        fetch(f"http://127.0.0.1:{free_port()}/a", timeout=1, most=1000)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@host:8443/a/b.xsd", "https://host:8443/a/b.xsd"),
        ("http://host/service?wsdl", "http://host/service?wsdl"),
        ("http://host/service?xsd=1", "http://host/service?xsd=1"),
        ("http://host/a?token=secret", "http://host/a?41bb5a1ff8d6"),
    ],
)
def test_an_address_shows_no_secret_and_tells_queries_apart(url: str, shown: str) -> None:
    if "token" in url:
        assert "secret" not in address(url)
        assert address(url) != address(url + "s")
    else:
        assert address(url) == shown
