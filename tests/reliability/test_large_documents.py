"""Documents far over the cap: killed in the middle, sent again, and never much in memory."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors._kit.discover import discover
from hub.bootstrap import Kind
from hub.store.database import Database
from routing import control
from routing.topology import topology
from tests.support import large_document
from tests.support.hub_process import HubProcess, environment
from tests.support.large_document import CONTENT_TYPE, MINISTRY, Written
from tests.support.servers import free_port, wait_until

pytestmark = [pytest.mark.reliability, pytest.mark.broker, pytest.mark.database]
MIB = 1024 * 1024
MOST_RESIDENT = 150 * MIB
ID = "returns-2026"
LONG = 3 * 3600


@dataclass
class Site:
    """A hub on real servers, and a document that is to pass through it."""

    broker_url: str
    database_url: str
    folder: Path
    written: Written
    port: int = field(default_factory=free_port)
    peaks: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "document.xml"

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "QOVSAQ_BROKER_URL": self.broker_url,
            "QOVSAQ_DATABASE_URL": self.database_url,
            "QOVSAQ_METRICS_PORT": "0",
            "QOVSAQ_HTTP__PORT": str(self.port),
            "QOVSAQ_HTTP__SPOOL": str(self.folder),
            f"QOVSAQ_SENDERS__{MINISTRY.upper()}__AUTHENTICATION": "none",
        }

    @contextmanager
    def running(self, kind: Kind) -> Iterator[HubProcess]:
        """Have a process of the hub at work."""
        process = HubProcess(kind, self.settings, self.folder)
        process.start()
        wait_until(lambda: process.ready, 60, kind)
        self.alive[kind.value] = process.pid
        try:
            yield process
        finally:
            self.note(kind.value, process.pid)
            process.kill()
            self.alive.pop(kind.value)

    def loading(self) -> subprocess.Popen[bytes]:
        words = ["load", str(self.file), "--ministry", MINISTRY, "--document-id", ID, "--json"]
        return subprocess.Popen(
            [sys.executable, "-m", "hub.cli", *words],
            env=environment(self.settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def load(self) -> int:
        """Send it by the command to its end, with an eye on its memory; return its status."""
        process = self.loading()
        while process.poll() is None:
            self.note("load", process.pid)
            time.sleep(0.05)
        return process.returncode

    def push(self) -> requests.Response:
        """Send it over HTTP, as it is read from the file."""
        with self.file.open("rb") as body:
            return requests.post(
                f"http://127.0.0.1:{self.port}/intake/{MINISTRY}/documents",
                data=body,
                headers={"Content-Type": CONTENT_TYPE, "Message-Id": ID},
                timeout=LONG,
            )

    def waiting(self) -> int:
        """How many messages are in the queues of the hub, the dead ones among them."""
        return sum(control.depths(self.broker_url, self.queues).values())

    @property
    def queues(self) -> list[str]:
        written_to_nobody = f"receipt.{MINISTRY}", f"notice.{MINISTRY}"  # theirs to read
        queues = (queue.name for queue in topology(discover()).queues)
        return [name for name in queues if name not in written_to_nobody]

    def ledger(self) -> dict[str, Any]:
        """The account, as an operator sees it."""
        said = subprocess.run(
            [sys.executable, "-m", "hub.cli", "ledger", "--json"],
            env=environment(self.settings),
            check=True,
            capture_output=True,
        )
        return dict(json.loads(said.stdout))

    def note(self, name: str, pid: int) -> None:
        peak = resident(pid)
        if peak:
            self.peaks[name] = max(self.peaks.get(name, 0), peak)

    def published(self) -> int:
        """How many chunks are on the bus, by the checkpoint."""
        rows = self.rows("SELECT published FROM evidence.document")
        return int(rows[0]["published"]) if rows else 0

    def settled(self) -> int:
        counted = "SELECT count(*) AS n FROM evidence.record_log WHERE settled_at IS NOT NULL"
        return int(self.rows(counted)[0]["n"])

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        database = Database(self.database_url)
        try:
            with database.transaction() as tx:
                return tx.rows(statement)
        finally:
            database.close()


def resident(pid: int) -> int:
    """The most bytes a process ever had in memory; 0 if it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


@pytest.fixture(
    params=[
        pytest.param(6 * MIB, id="short"),
        pytest.param(50 * MIB, id="medium", marks=[pytest.mark.slow, pytest.mark.timeout(LONG)]),
        pytest.param(1024 * MIB, id="full", marks=[pytest.mark.slow, pytest.mark.timeout(LONG)]),
    ]
)
def site(
    request: pytest.FixtureRequest, broker_url: str, database_url: str, tmp_path: Path
) -> Iterator[Site]:
    written = large_document.write(tmp_path / "document.xml", request.param, bad_every=100)
    made = Site(broker_url, database_url, tmp_path, written)
    layout = topology(discover())
    control.declare(broker_url, layout)
    control.purge(broker_url, [queue.name for queue in layout.queues])
    yield made
    made.file.unlink()


def check(site: Site, began: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Every record has one outcome, only the bad ones are refused, and memory stayed small."""
    wait_until(lambda: site.settled() >= site.written.records, LONG, "the last record")
    seconds = time.monotonic() - began
    for name, pid in site.alive.items():
        site.note(name, pid)
    states = {row["state"]: row["n"] for row in site.rows(_STATES)}
    assert states == {
        "written": site.written.records - site.written.refused,
        "refused": site.written.refused,
    }
    wait_until(lambda: site.waiting() == 0, 60, "the queues to be empty")
    account = site.ledger()
    assert (account["balanced"], account["inFlight"], account["unaccounted"]) == (True, 0, 0)
    (line,) = (line for line in account["ministries"] if line["ministry"] == MINISTRY)
    assert line["received"] == site.written.records
    with capsys.disabled():
        peaks = {name: f"{peak / MIB:.0f} MiB" for name, peak in sorted(site.peaks.items())}
        what = f"{site.written.size / MIB:.0f} MiB, {site.written.records} records"
        sys.stdout.write(f"\n{what}, {seconds:.0f} s to the last outcome; resident: {peaks}\n")
        sys.stdout.write(f"{line}\n")


_STATES = "SELECT state, count(*) AS n FROM evidence.record_log GROUP BY state"


def test_a_load_killed_in_the_middle_goes_on_where_it_stopped(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with site.running(Kind.INTAKE), site.running(Kind.REGISTRY):
        began = time.monotonic()
        first = site.loading()
        wait_until(lambda: site.published() > 0, LONG, "the first parts")
        site.note("load", first.pid)
        first.kill()
        assert first.wait(10) < 0
        before = site.published()
        assert site.load() == 0
        assert site.published() > before
        check(site, began, capsys)
    assert max(site.peaks.values()) < MOST_RESIDENT


def test_a_door_killed_in_the_middle_of_a_document_takes_it_again_and_nothing_twice(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with site.running(Kind.INTAKE), site.running(Kind.REGISTRY):
        began = time.monotonic()
        with site.running(Kind.HTTP) as door:
            sender = threading.Thread(target=cut_short, args=[site])
            sender.start()
            wait_until(lambda: site.published() > 0, LONG, "the first parts")
            site.note(Kind.HTTP.value, door.pid)
            door.kill()
            sender.join()
        with site.running(Kind.HTTP):
            answer = site.push()
            assert (answer.status_code, answer.json()["records"]) == (202, site.written.records)
            check(site, began, capsys)
    assert max(site.peaks.values()) < MOST_RESIDENT


def cut_short(site: Site) -> None:
    with contextlib.suppress(requests.ConnectionError):
        site.push()
