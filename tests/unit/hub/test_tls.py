"""Certificates of the hub's servers: exchanged while they run, and kept where new ones are bad."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from hub.exposition import exposed
from hub.http.server import HttpWorker
from hub.listeners import Files, ListenerSettings
from hub.metrics import Metrics
from hub.settings import InvalidSettings, load, table
from schemas.errors import Stop
from tests.support.credentials import Authority, real_now
from tests.support.servers import free_port, wait_until

HOST = "127.0.0.1"
SECONDS = 60


class Desk(NamedTuple):
    """Where certificates lie: one server's files, and an authority that issues."""

    folder: Path
    authority: Authority
    metrics: Metrics

    @property
    def files(self) -> Files:
        return Files(self.folder / "server.pem", self.folder / "server.key")

    def put(self, common_name: str, *, key: bool = True) -> None:
        """Issue a certificate and put it where the server reads; without its key half of it."""
        certificate, private = self.authority.issue(common_name, common_name)
        shutil.copy(certificate, self.folder / "server.pem")
        if key:
            shutil.copy(private, self.folder / "server.key")

    def finish(self, common_name: str) -> None:
        shutil.copy(self.folder / f"{common_name}.key", self.folder / "server.key")

    def told(self, name: str) -> bool:
        return f"qovsaq_{name}".encode() in self.metrics.expose()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path, Authority(tmp_path, real_now()), Metrics())
    made.put("first")
    return made


@contextmanager
def metrics_server(desk: Desk) -> Iterator[int]:
    with exposed(desk.metrics, list, HOST, 0, desk.files) as port:
        yield port


@contextmanager
def http_server(desk: Desk) -> Iterator[int]:
    port, stop = free_port(), threading.Event()
    settings = ListenerSettings(
        port=port, certificate=desk.files.certificate, private_key=desk.files.private_key
    )
    worker = HttpWorker(Starlette(), settings, "QOVSAQ_HTTP__", 5, lambda: None, desk.metrics)
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        wait_until(lambda: listens(port), SECONDS, "the server")
        yield port
    finally:
        stop.set()
        thread.join()


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def shown(port: int, authority: Path, name: str | None = HOST) -> str:
    """Common name of the certificate that a new handshake is shown."""
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = name is not None
    with (
        socket.create_connection((HOST, port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        subject = (secured.getpeercert() or {})["subject"]
        return str(dict(part[0] for part in subject)["commonName"])  # type: ignore[misc]


@pytest.mark.parametrize("server", [metrics_server, http_server])
def test_new_handshakes_are_shown_what_lies_there_now(
    desk: Desk, server: Callable[[Desk], AbstractContextManager[int]]
) -> None:
    with server(desk) as port:
        assert shown(port, desk.authority.file) == "first"
        desk.put("second")
        assert shown(port, desk.authority.file) == "second"
        assert shown(port, desk.authority.file, None) == "second"
    assert desk.told('certificates_taken_total{listener="')


@pytest.mark.parametrize("server", [metrics_server, http_server])
def test_files_that_cannot_be_used_leave_what_was_there_and_it_is_said(
    desk: Desk, server: Callable[[Desk], AbstractContextManager[int]]
) -> None:
    with server(desk) as port, capture_logs() as lines:
        desk.put("second", key=False)
        assert shown(port, desk.authority.file) == "first"
        assert [line["event"] for line in lines] == ["certificate not taken"]
        assert desk.told('certificate_stale{listener="')
        assert b"} 1.0" in stale(desk)
        desk.finish("second")
        assert shown(port, desk.authority.file) == "second"
        assert b"} 0.0" in stale(desk)


def stale(desk: Desk) -> bytes:
    lines = desk.metrics.expose().splitlines()
    return next(line for line in lines if line.startswith(b"qovsaq_certificate_stale{"))


def test_a_missing_file_is_a_bad_one(desk: Desk) -> None:
    with metrics_server(desk) as port:
        (desk.folder / "server.pem").unlink()
        assert shown(port, desk.authority.file) == "first"


def test_metrics_ask_for_certificates_of_an_authority_and_of_the_one_that_lies_there_now(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", real_now(), "Other CA")
    clients = tmp_path / "clients.pem"
    shutil.copy(desk.authority.file, clients)
    files = Files(*desk.authority.issue("server", "server"), clients, required=True)
    with exposed(desk.metrics, list, HOST, 0, files) as port:
        ours, theirs = desk.authority.issue("us", "us"), other.issue("them", "them")
        assert scraped(port, desk.authority.file, ours)
        assert not scraped(port, desk.authority.file, theirs)
        assert not scraped(port, desk.authority.file, None)
        shutil.copy(other.file, clients)
        assert scraped(port, desk.authority.file, theirs)
        assert not scraped(port, desk.authority.file, ours)


def scraped(port: int, authority: Path, pair: tuple[Path, Path] | None) -> bool:
    context = ssl.create_default_context(cafile=str(authority))
    if pair:
        context.load_cert_chain(*pair)
    try:
        url = f"https://{HOST}:{port}/metrics"
        with urllib.request.urlopen(url, timeout=SECONDS, context=context) as answer:
            return b"qovsaq_" in answer.read()
    except (urllib.error.URLError, ssl.SSLError, ConnectionError):
        return False


def test_a_client_that_says_nothing_holds_up_no_other(desk: Desk) -> None:
    with (
        metrics_server(desk) as port,
        socket.create_connection((HOST, port)),
        socket.create_connection((HOST, port)) as nonsense,
    ):
        nonsense.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert scraped(port, desk.authority.file, None)


def test_files_that_cannot_be_used_to_begin_with_stop_the_process(desk: Desk) -> None:
    (desk.folder / "server.key").write_text("no key")
    with pytest.raises(Stop, match="metrics: its certificate"), metrics_server(desk):
        pass


@pytest.fixture
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in table():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_settings_of_the_machine")
@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"metrics_host": "0.0.0.0"}, "QOVSAQ_METRICS: serves"),
        (
            {"http": {"host": "192.0.2.1"}, "senders": {"labour": {"subject": "x"}}},
            "QOVSAQ_HTTP: serves",
        ),
    ],
)
def test_other_machines_are_served_over_tls_or_where_a_setting_says_so(
    given: dict[str, object], setting: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"{setting} other machines unprotected"):
        load(**given)
    load(**given, allow_plain=True)


@pytest.mark.usefixtures("no_settings_of_the_machine")
def test_what_is_not_served_needs_no_protection() -> None:
    load(metrics_host="0.0.0.0", metrics_port=0)
    load(metrics_host="0.0.0.0", metrics={"certificate": "server.pem"})
