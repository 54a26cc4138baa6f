"""Where the hub connects, and where it never does."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from hub.delivery.address import is_permitted, parse_target, permitted_addresses
from schemas.errors import Stop, Unavailable

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://fund.example/in", "fund.example", "/in"),
        ("https://fund.example", "fund.example", "/"),
        ("https://fund.example:8443/in?a=b", "fund.example:8443", "/in?a=b"),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443", "/"),
    ],
)
def test_an_address_is_read_into_what_a_request_needs(url: str, authority: str, path: str) -> None:
    target = parse_target(url)
    assert (target.authority, target.path, target.secure) == (authority, path, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://fund.example/in",
        "ftp://fund.example/in",
        "https://user:password@fund.example/in",
        "https://user@fund.example/in",
        "https://@fund.example/in",
        "https://fund.example/in#part",
        "https://fund.example/in\r\nX-Evil: 1",
        "https://fund.example/in here",
        "https://fund.example:99999/in",
        "https:///in",
        "fund.example/in",
        "https://[::1/in",
        "https://fünd.example/",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(Stop) as refusal:
        parse_target(url)
    assert "fund" not in str(refusal.value)


def test_plain_http_is_for_closed_networks_only() -> None:
    assert parse_target("http://10.0.0.7:8080/in", internal=True).secure is False


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:10.1.2.3",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "198.18.0.1",
    ],
)
def test_private_addresses_need_the_setting(text: str) -> None:
    assert not is_permitted(ip_address(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "::ffff:10.1.2.3"])
def test_and_are_allowed_with_it(text: str) -> None:
    assert is_permitted(ip_address(text), internal=True)


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_metadata_link_local_and_multicast_are_never_allowed(text: str) -> None:
    assert not is_permitted(ip_address(text), internal=True)


@pytest.mark.parametrize("text", [PUBLIC, "2606:2800:220:1::1"])
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_permitted(ip_address(text))


def test_one_forbidden_address_condemns_the_name() -> None:
    target = parse_target("https://fund.example/")
    both = [ip_address(PUBLIC), ip_address("127.0.0.1")]
    with pytest.raises(Unavailable, match="not allowed"):
        permitted_addresses(target, lambda *_: both)
    assert permitted_addresses(target, lambda *_: both[:1]) == both[:1]


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://localhost/"]
)
def test_other_spellings_of_this_machine_are_seen_through(url: str) -> None:
    with pytest.raises(Unavailable):
        permitted_addresses(parse_target(url))


def test_a_name_without_address_is_an_outage() -> None:
    def unknown(*_: object) -> list[object]:
        raise OSError

    with pytest.raises(Unavailable, match="no address"):
        permitted_addresses(parse_target("https://fund.example/"), unknown)  # type: ignore[arg-type]  # it never returns
