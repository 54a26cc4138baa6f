"""kill -9 of intake, writer and broker, each with work in hand: nothing lost, nothing twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import bootstrap
from hub.evidence.ledger import Statement
from hub.evidence.outcomes import outcomes
from hub.settings import Settings
from hub.simulator.account import Account
from hub.simulator.publish import Window, publish
from hub.simulator.sent import Sent
from hub.simulator.stream import Stream, stream
from hub.store.database import Database
from routing import control
from routing.rabbit import RabbitBus
from tests.support.hub_process import HubProcess
from tests.support.postgres import PostgresServer
from tests.support.private_broker import PrivateBroker
from tests.support.servers import wait_until
from tests.support.undisturbed import exported, run_undisturbed

pytestmark = [pytest.mark.reliability, pytest.mark.broker, pytest.mark.database]

SEED = 7
START = datetime(2026, 1, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Violence:
    """How much is sent, and how often what is killed."""

    messages: int
    process_kills: int
    broker_kills: int


SHORT = Violence(messages=3000, process_kills=2, broker_kills=1)
FULL = Violence(messages=20_000, process_kills=20, broker_kills=3)


class Tap:
    """Lets a stream flow portion by portion, so that there is work for every kill."""

    def __init__(self, messages: Stream, portions: int) -> None:
        self._messages = messages
        self._portion = -(-len(messages) // portions)
        self._allowed = threading.Semaphore(0)
        self.open_for_good = threading.Event()

    def let_flow(self) -> None:
        """Let one more portion flow."""
        self._allowed.release()

    def __iter__(self) -> Iterator[Sent]:
        for place, sent in enumerate(self._messages):
            if place % self._portion == 0:
                while not self.open_for_good.is_set() and not self._allowed.acquire(timeout=0.1):
                    pass
            yield sent


class Scene:
    """A hub of three processes on a broker and a database of its own, and one publisher."""

    def __init__(self, broker: PrivateBroker, database_url: str, folder: Path) -> None:
        self.broker = broker
        self.database_url = database_url
        self.folder = folder
        settings = {
            "QOVSAQ_BROKER_URL": broker.url,
            "QOVSAQ_DATABASE_URL": database_url,
            "QOVSAQ_METRICS_PORT": "0",
            "QOVSAQ_SETTLE_SECONDS": "20",
            "QOVSAQ_RELAY_INTERVAL_SECONDS": "2",
        }
        self.processes = {
            kind: HubProcess(kind, settings, folder) for kind in ("intake", "registry", "relay")
        }
        self.settings = Settings(
            broker_url=broker.url, database_url=database_url, settle_seconds=20
        )

    def kill_with_work_in_hand(self, kind: str, tap: Tap, chance: random.Random) -> None:
        """Freeze a process at some moment; kill it once the broker says it holds deliveries."""
        process = self.processes[kind]
        for _ in range(60):
            tap.let_flow()
            threading.Event().wait(chance.uniform(0.05, 0.5))
            process.freeze()
            if self._unacked(kind):
                process.kill()
                process.start()
                return
            process.thaw()
        pytest.fail(f"{kind} never had deliveries in hand")

    def _unacked(self, kind: str) -> int:
        """Count deliveries that only this kind of process can hold, once the broker knows."""
        threading.Event().wait(0.3)
        prefix = {"intake": "intake.", "registry": "registry.writer."}[kind]
        depths = self.broker.list_queues()
        return sum(depth.unacked for name, depth in depths.items() if name.startswith(prefix))

    def ledger(self) -> Statement:
        hub = bootstrap.build(self.settings)
        try:
            return hub.ledger()
        finally:
            hub.bus.close()

    def at_rest(self) -> bool:
        """Whether every queue on the way is empty and every record has its outcome."""
        depths = self.broker.list_queues()
        waiting = sum(
            depth.ready + depth.unacked
            for name, depth in depths.items()
            if name.startswith(("intake.", "registry.", "retry."))
        )
        return waiting == 0 and self.ledger().in_flight == 0

    def accounted(self) -> list[dict[str, object]]:
        database = Database(self.database_url)
        try:
            with database.transaction() as tx:
                return list(outcomes(tx))
        finally:
            database.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "violence", [SHORT, pytest.param(FULL, marks=pytest.mark.slow)], ids=["short", "full"]
)
def test_killing_processes_and_broker_changes_nothing(
    violence: Violence,
    private_broker: PrivateBroker,
    postgres: PostgresServer,
    template_database: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    messages = stream(violence.messages, SEED, 0.02, (), START)
    scene = Scene(private_broker, database_url, tmp_path)
    hub = bootstrap.build(scene.settings)
    control.declare(private_broker.url, hub.topology)
    hub.bus.close()
    private_broker.settle()
    for process in scene.processes.values():
        process.start()
    chance = random.Random(SEED)
    tap = Tap(messages, portions=4 * violence.process_kills + violence.broker_kills)
    account = Account(tmp_path / "sent")
    sender = Sender(private_broker.url, tap, account)
    sender.start()
    try:
        for _ in range(violence.process_kills):
            scene.kill_with_work_in_hand("intake", tap, chance)
            scene.kill_with_work_in_hand("registry", tap, chance)
        for _ in range(violence.broker_kills):
            tap.let_flow()
            private_broker.kill()
            private_broker.start()
        tap.open_for_good.set()
        sender.join()
        wait_until(scene.at_rest, 240, "the hub at rest")
        statement = scene.ledger()
    finally:
        tap.open_for_good.set()
        statuses = [process.stop() for process in scene.processes.values()]
        sender.join()

    assert sender.failure is None
    assert statuses == [0, 0, 0]
    assert account.compare(scene.accounted()) == []
    assert (statement.unaccounted, statement.in_flight) == (0, 0)
    calm = postgres.create(f"{database_url.rpartition('/')[2]}_calm", template_database)
    run_undisturbed(messages, calm, tmp_path / "calm")
    assert exported(database_url) == exported(calm)


class Sender(threading.Thread):
    """Publishes a stream over a connection of its own, through every outage."""

    def __init__(self, url: str, tap: Tap, account: Account) -> None:
        super().__init__(name="sender")
        self._url = url
        self._tap = tap
        self._account = account
        self.failure: Exception | None = None

    def run(self) -> None:
        bus = RabbitBus(self._url)
        try:
            publish(
                self._tap,
                bus.publisher(),
                self._account,
                lambda _: None,
                window=Window(messages=100),
            )
        except Exception as error:  # noqa: BLE001 - shown by the test that waits
            self.failure = error
        finally:
            self._account.close()
            bus.close()
