"""The documented consumer, run as processes of its own: slow, fast, killed and started again."""

from __future__ import annotations

import random
import shlex
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.agency import systems
from hub.agency.relay import AgencyRelay
from hub.evidence import operators
from hub.registry.handler import RegistryHandler
from hub.store.database import Database
from routing import control
from routing.keys import agency_queue
from routing.observer import Unobserved
from routing.rabbit import RabbitBus
from routing.topology import Queue, Topology
from tests.integration.agency.site import of_contract, of_person
from tests.integration.registry.writing import NOW
from tests.support.rabbitmq import Broker
from tests.support.servers import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.database]

ROOT = Path(__file__).parents[3]
PATTERNS = {"fast": ["c412.#"], "slow": ["#"]}
RECORDS, SLOW_AT_ONCE = 200, 1


def documented(prefetch: int) -> str:
    text = (ROOT / "docs/howto/connect-an-agency-system.md").read_text(encoding="utf-8")
    code = text.partition("<!-- consumer:begin -->")[2].partition("<!-- consumer:end -->")[0]
    code = code.replace("```python", "").replace("```", "")
    assert "prefetch_count=20" in code
    return code.replace("prefetch_count=20", f"prefetch_count={prefetch}")


@dataclass
class Consumer:
    """A process that runs the documented consumer."""

    url: str
    queue: str
    kept: Path
    prefetch: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", documented(self.prefetch), self.url, self.queue]
        self.process = subprocess.Popen([*command, str(self.kept)])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def ids(self) -> set[str]:
        try:
            with closing(sqlite3.connect(f"file:{self.kept}?mode=ro", uri=True)) as kept:
                return {row[0] for row in kept.execute("SELECT id FROM record")}
        except sqlite3.OperationalError:  # not yet made, or just being written
            return set()


def make_reader(broker: Broker, queue: str, url: str, user: str) -> str:
    script = ROOT / "ops" / "rabbitmq" / "grant-reader.sh"
    ctl = f"RABBITMQCTL={shlex.join(broker.administration.command)}"
    vhost = url.rpartition("/")[2]
    subprocess.run(["env", ctl, script, queue, vhost, user], input=b"secret\n", check=True)
    return url.replace("guest:guest", f"{user}:secret")


@pytest.fixture
def consumers(broker: Broker, clean_broker: str, tmp_path: Path) -> Iterator[dict[str, Consumer]]:
    queues = tuple(Queue(agency_queue(name)) for name in PATTERNS)
    control.declare(clean_broker, Topology(queues=queues))
    made = {}
    with ExitStack() as stack:
        for name in PATTERNS:
            user = f"qovsaq_test_{uuid.uuid4().hex[:12]}"
            own = make_reader(broker, agency_queue(name), clean_broker, user)
            stack.callback(broker.administration.run, "delete_user", user)
            prefetch = SLOW_AT_ONCE if name == "slow" else 100
            made[name] = Consumer(own, agency_queue(name), tmp_path / f"{name}.db", prefetch)
            made[name].start()
            stack.callback(made[name].kill)
        yield made


def test_each_receives_all_it_reads_and_nothing_before_its_commit(
    consumers: dict[str, Consumer], clean_broker: str, connect: Callable[[], Database]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - to run it again
    draw = random.Random(seed)
    database, bus = connect(), RabbitBus(clean_broker)
    with database.transaction() as tx:
        token = operators.add(tx, "root", None, NOW)
        for name, patterns in PATTERNS.items():
            systems.add(tx, token, name, patterns, "a test", NOW)
    relay = AgencyRelay(connect(), bus, bus.publisher(), Unobserved(), batch=7)
    writer = RegistryHandler("w", database, bus.publisher(), [], Unobserved())
    expected: dict[str, set[str]] = {name: set() for name in PATTERNS}
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            relay.step(NOW)
            stop.wait(0.02)

    server = threading.Thread(target=serve)
    server.start()
    try:
        for number in range(0, RECORDS, 20):
            people = [of_person(n) for n in range(number, number + 15)]
            work = [of_contract(n) for n in range(number, number + 5)]
            with database.transaction() as tx:
                writer._write([*people, *work], NOW)
                for name, consumer in consumers.items():
                    assert consumer.ids() <= expected[name]  # none of what is not committed
            expected["fast"] |= {event.id for event in people}
            expected["slow"] |= {event.id for event in [*people, *work]}
            if draw.random() < 0.3:
                victim = consumers[draw.choice(list(PATTERNS))]
                victim.kill()
                victim.start()
        for name, consumer in consumers.items():
            wait_until(lambda c=consumer, n=name: c.ids() == expected[n], 60, f"all of {name}")  # type: ignore[misc]
    finally:
        stop.set()
        server.join(30)
        bus.close()
    assert len(expected["slow"]) == RECORDS
