"""``amqps://`` on both planes: an encrypted proxy in front of the real broker."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from routing import control, rabbit
from routing.message import Message
from routing.rabbit import RabbitBus, RabbitPublisher
from schemas.errors import Unavailable
from tests.support.buses import SOON, TOPOLOGY, bodies
from tests.support.proxy import Proxy
from tests.support.servers import wait_until

OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return made_in(tmp_path_factory.mktemp("tls"))


def made_in(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(OPENSSL or "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def encrypted(laid_out: str, certificate: tuple[Path, Path]) -> Iterator[Proxy]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    parts = urlsplit(laid_out)
    with Proxy((parts.hostname or "", parts.port or 5672), context) as proxy:
        yield proxy


def address(proxy: Proxy, laid_out: str, host: str = "localhost", authority: str = "") -> str:
    options = f"?ssl_options={quote(str({'ca_certs': authority}))}" if authority else ""
    return f"amqps://guest:guest@{host}:{proxy.port}{urlsplit(laid_out).path}{options}"


def test_both_planes_speak_tls_with_a_private_authority(
    encrypted: Proxy,
    laid_out: str,
    certificate: tuple[Path, Path],
    open_bus: Callable[..., RabbitBus],
) -> None:
    url = address(encrypted, laid_out, authority=str(certificate[0]))
    assert control.check(url, TOPOLOGY) == []
    bus = open_bus(url)
    body = bytes(1_000_000)
    bus.publisher().publish([Message("intake.alpha", "live", body, "m", "text/xml")])
    got = bus.subscribe(["intake.alpha.live"], prefetch=1).receive(1, SOON)
    assert bodies(got) == [body]


@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)])
def test_an_unknown_authority_and_a_wrong_name_are_turned_away(
    encrypted: Proxy,
    laid_out: str,
    certificate: tuple[Path, Path],
    open_bus: Callable[..., RabbitBus],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    trusted: bool,
) -> None:
    monkeypatch.setattr(rabbit, "CONNECT_SECONDS", 0.5)
    url = address(encrypted, laid_out, host, str(certificate[0]) if trusted else "")
    with pytest.raises(Unavailable):
        control.check(url, TOPOLOGY)
    bus = open_bus(url)
    with pytest.raises(Unavailable):
        bus.publisher().publish([Message("intake.alpha", "live", b"", "m", "text/xml")])


def test_an_authority_that_was_exchanged_is_the_one_trusted_after_the_next_reconnect(
    laid_out: str,
    certificate: tuple[Path, Path],
    open_bus: Callable[..., RabbitBus],
    tmp_path: Path,
) -> None:
    trusted, context = tmp_path / "trusted.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shutil.copy(certificate[0], trusted)
    context.load_cert_chain(*certificate)
    parts = urlsplit(laid_out)
    message = Message("intake.alpha", "live", b"", "m", "text/xml")
    with Proxy((parts.hostname or "", parts.port or 5672), context) as proxy:
        bus = open_bus(address(proxy, laid_out, authority=str(trusted)))
        publisher = bus.publisher()
        publisher.publish([message])
        renewed = made_in(tmp_path)
        context.load_cert_chain(*renewed)
        shutil.copy(renewed[0], trusted)
        proxy.cut()
        until_published(publisher, message)
        # What cannot be read changes nothing.
        trusted.write_text("half a certi")
        proxy.cut()
        until_published(publisher, message)
        with pytest.raises(Unavailable, match="cannot be read"):
            bus.depths(["intake.alpha.live"])


def until_published(publisher: RabbitPublisher, message: Message) -> None:
    def published() -> bool:
        try:
            publisher.publish([message])
        except Unavailable:
            return False
        return True

    wait_until(published, 60, "a connection with what lies there now")
