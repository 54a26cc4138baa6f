"""Nothing personal gets into a log, a metric or an exception's text, whatever was sent.

Hub, PostgreSQL and RabbitMQ are this test's own, so that their logs hold this run and no other.
The hub logs everything (``debug``), the database is killed in between, and every kind of fault is
among what is sent.
"""

from __future__ import annotations

import re
import unicodedata
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from hub.bootstrap import Kind, bring_up_to_date
from hub.evidence import outcomes
from hub.settings import Settings
from hub.simulator import population
from hub.simulator.account import Account
from hub.simulator.publish import Window, publish
from hub.simulator.sent import Sent
from hub.simulator.stream import messages
from hub.store.database import Database
from routing import control, rabbit
from routing.topology import topology
from schemas.errors import HubError
from tests.support.hub_process import HubProcess
from tests.support.needs import needing
from tests.support.postgres import PrivatePostgres, running_private_postgres
from tests.support.private_broker import PrivateBroker
from tests.support.servers import free_port, wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.database,
]

KINDS = (Kind.INTAKE, Kind.REGISTRY, Kind.RELAY, Kind.DESK)
MINISTRIES = ("justice", "interior", "labour", "health", "economy", "migration")
START = datetime(2026, 1, 15, tzinfo=UTC)
_WORD = re.compile(r"\w+")
_IDENTIFIER = re.compile(r"(?<![0-9A-Z])(?:TST[0-9A-Z]{4}|00\d{8})(?![0-9A-Z])")
_NAMES = (*population.SURNAMES, *population._UNGENDERED, *population.MEN, *population.WOMEN)
_CYRILLIC = str.maketrans("abcçdeəfgğhxıijkqlmnoöprsştuüvyz", "абҹчдеәфҝғһхыижкглмноөпрсштуүвјз")


def forms(word: str) -> set[str]:
    """A word as it may turn up: lower case, without marks, in Cyrillic."""
    small = word.translate(str.maketrans("İIı", "iıı")).lower()
    bare = unicodedata.normalize("NFKD", small.replace("ə", "e").replace("ı", "i"))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return {small, word.lower(), bare, small.translate(_CYRILLIC)}


def personal(sent: list[Sent]) -> set[str]:
    """Every identifier that was sent, and every name that may have been, in all its forms."""
    found: set[str] = set()
    for each in sent:
        text = each.message.body.replace(b"\0", b"").decode("utf-8", "replace")
        found |= {identifier.lower() for identifier in _IDENTIFIER.findall(text)}
    assert len(found) > len(sent) / 10
    return found | {form for name in _NAMES for form in forms(name)}


def words(text: str) -> set[str]:
    """Words of a text, also of what is URL-encoded in it, each in lower case and folded."""
    plain = _WORD.findall(text) + _WORD.findall(unquote_plus(text))
    return {form for word in set(plain) for form in (word.lower(), *forms(word))}


def test_the_search_sees_what_it_is_for() -> None:
    needles = {"tst0a1b", "0012345678"} | forms("Şəhla") | forms("İlqar")
    for text in (
        "fin=TST0A1B", "urn:az:pid:fin:tst0a1b", "DETAIL: Key (voen)=(0012345678)", "name ŞƏHLA",
        "sehla", "шәһла", "q=%C5%9E%C9%99hla&x", "İLQAR", "input_value='İlqar'", "ilqar",
    ):  # fmt: skip
        assert needles & words(text), text
    assert not needles & words("TS***** of 00******** at 2026-01-15, shelf")


@pytest.fixture
def database() -> Iterator[PrivatePostgres]:
    with needing("PostgreSQL"), running_private_postgres() as server:
        bring_up_to_date(server.url)
        yield server


@contextmanager
def working(settings: dict[str, str], folder: Path) -> Iterator[dict[Kind, int]]:
    """Have the processes at work during the block; yield where each tells its metrics."""
    processes, ports = [], {}
    for kind in KINDS:
        ports[kind] = free_port()
        base = ports[kind] - list(Kind).index(kind)
        process = HubProcess(kind, settings | {"QOVSAQ_METRICS_PORT": str(base)}, folder)
        process.start()
        processes.append(process)
    try:
        wait_until(lambda: all(process.ready for process in processes), 120, "the hub")
        yield ports
    finally:
        statuses = [process.stop() for process in processes]
    assert statuses == [0] * len(statuses)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "count", [400, pytest.param(50_000, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_no_log_metric_or_exception_names_anybody(
    count: int, private_broker: PrivateBroker, database: PrivatePostgres, tmp_path: Path
) -> None:
    url = private_broker.url
    settings = {
        "QOVSAQ_BROKER_URL": url,
        "QOVSAQ_DATABASE_URL": database.url,
        "QOVSAQ_LOG_LEVEL": "debug",
        "QOVSAQ_RETRY_RUNGS": "1s,2s",
    }
    sent = list(messages(count, 11, 0.3, MINISTRIES, START))
    _declare(url)
    account = Account(tmp_path / "sent")
    with working(settings, tmp_path) as ports:
        half = len(sent) // 2
        _publish(sent[:half], url, account)
        database.kill()
        _publish(sent[half:], url, account)
        database.start()
        wait_until(lambda: _settled(database.url) >= account.summary()["records"], count, "an end")
        told = "".join(_metrics(port) for port in ports.values())
    account.close()
    logs = {
        path: path.read_text("utf-8", "replace")
        for folder in (tmp_path, database.folder, private_broker.folder)
        for path in folder.rglob("*log*")
        if path.is_file() and "sent" not in path.parts and "data" not in path.parts
    }
    assert len(logs) >= len(KINDS) + 2
    assert "qovsaq_refused_total{" in told
    needles = personal(sent)
    found = {path.name: needles & words(text) for path, text in logs.items()}
    found["metrics"] = needles & words(told)
    assert {name: sorted(seen)[:5] for name, seen in found.items() if seen} == {}


def _declare(url: str) -> None:
    rungs = Settings(retry_rungs=("1s", "2s")).rungs()
    control.declare(url, topology(MINISTRIES, rungs=rungs))


def _publish(sent: list[Sent], url: str, account: Account) -> None:
    bus = rabbit.RabbitBus(url, name="sender")
    publish(sent, bus.publisher(), account, lambda _: None, window=Window(messages=200))
    bus.close()


def _settled(url: str) -> int:
    database = Database(url)
    try:
        with database.transaction() as tx:
            return outcomes.settled(tx)
    except HubError:
        return 0
    finally:
        database.close()


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return str(answer.read().decode())
