"""Each alert fires on a real Prometheus when its condition is produced, and clears afterwards.

Real are Prometheus, Alertmanager, RabbitMQ, PostgreSQL and the hub's processes; conditions are
produced as they come about. What is hurried is said in ``tests.support.prometheus``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import yaml

from hub.dashboards import Dashboard, dashboards
from hub.evidence import audit, backups
from hub.evidence.audit import Act
from hub.evidence.backups import Backup, Event
from hub.store.database import Database
from tests.e2e.alert_site import CONTRACT, Site, alert_site, put_certificate
from tests.support.needs import needing
from tests.support.prometheus import OPS
from tests.support.servers import wait_until

SECONDS = 600
LATE = timedelta(minutes=10)
NOT_PRODUCED = {
    "CustodyLate": "takes a day that ends with records on their way",
    "PoisonParked": "takes a message that kills processes; clears an hour later",
    "DeafConsumer": "takes a broker that forgets a consumer; clears an hour later",
}


@contextmanager
def unaccounted(site: Site) -> Iterator[None]:
    """A canonical message is deleted, and nobody may publish it again."""
    site.restart("relay", QOVSAQ_RELAY_LIMIT="0")
    site.processes["registry"].stop()
    site.send()
    wait_until(lambda: site.depth("registry.writer.live") > 0, SECONDS, "a canonical message")
    site.purge("registry.writer.live")
    site.start("registry")
    yield
    site.restart("relay")


@contextmanager
def unwatched(site: Site) -> Iterator[None]:
    site.processes["relay"].stop()
    yield
    site.start("relay")


@contextmanager
def dead_letter(site: Site) -> Iterator[None]:
    """Something on ``canonical`` that is no batch goes to the desk; a person gives it up."""
    key = "live.c416.employment_contract.v1.labour"
    site.publish("canonical", key, b"no batch", "application/json")
    yield
    operator = site.operator()
    for letter in operator("dead-letters", "list", "--json").json:
        assert operator("dead-letters", "discard", letter["letter_id"], "--reason", "x").status == 0


@contextmanager
def late(site: Site) -> Iterator[None]:
    """One record is late among few; then many are in time."""
    site.send()
    wait_until(lambda: bool(_rate(site)), SECONDS, "a first rate")
    site.send(late=LATE)
    site.send(late=LATE)
    yield
    for _ in range(60):
        site.send()


def _rate(site: Site) -> list[object]:
    count = 'increase(qovsaq_critical_seconds_count{lane="live"}[5m])'
    return list(site.prometheus.query(count))


@contextmanager
def old_message(site: Site) -> Iterator[None]:
    """A message waits where nobody takes it, since the beginning of these tests."""
    yield
    site.purge("intake.labour.bulk")


@contextmanager
def old_record(site: Site) -> Iterator[None]:
    """A record that is on its way came hours ago, as the record log has it."""
    site.processes["registry"].stop()
    site.send()
    wait_until(lambda: site.depth("registry.writer.live") > 0, SECONDS, "a canonical message")
    site.execute(
        "UPDATE evidence.record_log SET received_at = received_at - interval '4 hours'"
        " WHERE state = 'received'"
    )
    yield
    site.start("registry")


@contextmanager
def silence(site: Site) -> Iterator[None]:
    yield
    site.send()


@contextmanager
def outage(site: Site) -> Iterator[None]:
    site.server.stop()
    yield
    site.server.start()


@contextmanager
def process_down(site: Site) -> Iterator[None]:
    site.processes["desk"].kill()
    yield
    site.start("desk")


@contextmanager
def little_disk(site: Site) -> Iterator[None]:
    ctl = site.broker.administration
    ctl.run("set_disk_free_limit", "900000GB")
    yield
    ctl.run("set_disk_free_limit", "50MB")


@contextmanager
def many_connections(site: Site) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(75):
            stack.enter_context(closing(psycopg.connect(site.server.url)))
        yield


@contextmanager
def expiring(site: Site) -> Iterator[None]:
    put_certificate(site.folder, site.authority, days=5)
    yield
    put_certificate(site.folder, site.authority)


@contextmanager
def stale(site: Site) -> Iterator[None]:
    key = site.folder / "server.key"
    good = key.read_bytes()
    key.write_text("half a k")
    yield
    key.write_bytes(good)


@contextmanager
def forged(site: Site) -> Iterator[None]:
    """Somebody writes to the chain as the owner of the database, and takes it back."""
    wait_until((site.folder / "anchors.jsonl").exists, SECONDS, "an anchor")
    _add_to_chain(site, 1)
    yield
    _add_to_chain(site, 255)


def _add_to_chain(site: Site, number: int) -> None:
    """Change the hash of every link that there was when somebody first did."""
    site.execute(
        "ALTER TABLE evidence.chain DISABLE TRIGGER ALL",
        "CREATE TABLE IF NOT EXISTS public.written_to AS SELECT link FROM evidence.chain",
        f"UPDATE evidence.chain SET hash = set_byte(hash, 0, (get_byte(hash, 0) + {number}) % 256)"
        " WHERE link IN (SELECT link FROM public.written_to)",
        "ALTER TABLE evidence.chain ENABLE TRIGGER ALL",
    )


@contextmanager
def unsealed(site: Site) -> Iterator[None]:
    """A transaction that does not end keeps a row of hours ago from being sealed."""
    now, database = datetime.now(UTC), Database(site.server.url)
    with closing(psycopg.connect(site.server.url)) as holder, closing(database):
        holder.execute("LOCK TABLE evidence.audit IN ROW EXCLUSIVE MODE")
        with database.transaction() as tx:
            audit.record(tx, Act("somebody", "looked", "anything"), now - timedelta(hours=2))
        yield


@contextmanager
def old_backup(site: Site) -> Iterator[None]:
    _note_backup(site, timedelta(hours=30))
    yield
    _note_backup(site, timedelta(0))


def _note_backup(site: Site, age: timedelta) -> None:
    now = datetime.now(UTC)
    made = Backup(uuid.uuid4(), now - age, 1, "0" * 64, verified=True)
    database = Database(site.server.url)
    with closing(database), database.transaction() as tx:
        backups.note(tx, Event.MADE, made, "somebody", now)


CONDITIONS: dict[str, Callable[[Site], AbstractContextManager[None]]] = {
    "DeadLettersWaiting": dead_letter,
    "CriticalTime": late,
    "ProcessDown": process_down,
    "LedgerUnwatched": unwatched,
    "Unaccounted": unaccounted,
    "OldestRecord": old_record,
    "BrokerLimits": little_disk,
    "DatabaseLimits": many_connections,
    "CertificateStale": stale,
    "AuditChainBroken": forged,
    "ArchiveLate": unsealed,
    "BackupLate": old_backup,
    "SilentFeed": silence,
    "BreakerOpen": outage,
    "OldestMessage": old_message,
    "CertificateExpires": expiring,
}
FIRES_AND_CLEARS_IN_ITS_OWN_TIME = {"DeadLetters": "clears a quarter of an hour later"}


def alerts() -> set[str]:
    groups = yaml.safe_load((OPS / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_for_every_alert_it_is_said_whether_it_was_seen() -> None:
    said = {*CONDITIONS, *FIRES_AND_CLEARS_IN_ITS_OWN_TIME, *NOT_PRODUCED}
    assert said == alerts()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("alerts")
    with needing("Prometheus, RabbitMQ and PostgreSQL"), alert_site(folder) as made:
        made.publish("intake.labour", "bulk", CONTRACT, "application/json")
        made.send()
        yield made


slow = [
    pytest.mark.slow,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.xdist_group("alerts"),
    pytest.mark.timeout(3 * SECONDS),
]


@pytest.mark.parametrize("alert", [pytest.param(name, marks=slow) for name in CONDITIONS])
def test_it_fires_when_its_condition_is_there_and_clears_when_it_is_gone(
    site: Site, alert: str
) -> None:
    with CONDITIONS[alert](site):
        wait_until(lambda: site.prometheus.firing(alert), SECONDS, f"{alert}, firing")
        wait_until(lambda: site.prometheus.told(alert), SECONDS, f"{alert} at Alertmanager")
    wait_until(lambda: not site.prometheus.firing(alert), SECONDS, f"{alert}, cleared")


NOT_IN_THIS_RUN = (
    "retries_total",
    "contract_breaks",
    "poll_documents",
    "poll_failures",
    "outbound_",
    "subscriber_",
    "(outbound|deliver)",
    "lookups",
    "agency_",
)
"""What some panels show that does not happen here: retries, polling, delivering, looking up."""


def expected(page: Dashboard) -> Iterator[str]:
    """Expressions of a page's panels that must have data after these tests."""
    for panel in page.as_json()["panels"]:
        for target in panel["targets"]:
            if not any(name in target["expr"] for name in NOT_IN_THIS_RUN):
                yield target["expr"]


@pytest.mark.parametrize(
    "uid",
    [
        pytest.param(name, marks=slow)
        for name in ("qovsaq-overview", "qovsaq-ministry-labour", "qovsaq-machines")
    ],
)
def test_every_panel_of_a_dashboard_shows_data_of_a_real_run(site: Site, uid: str) -> None:
    (page,) = (each for each in dashboards() if each.uid == uid)
    wanted = list(expected(page))
    assert len(wanted) > 5

    def empty() -> list[str]:
        return [expression for expression in wanted if not site.prometheus.query(expression)]

    def filled() -> bool:
        site.send()
        site.send(body=b"{}")
        site.again()
        return not empty()

    wait_until(filled, SECONDS, "; ".join(empty()))


@pytest.mark.parametrize("uid", [pytest.param(each.uid, marks=slow) for each in dashboards()])
def test_prometheus_understands_every_panel(site: Site, uid: str) -> None:
    (page,) = (each for each in dashboards() if each.uid == uid)
    for panel in page.as_json()["panels"]:
        for target in panel["targets"]:
            site.prometheus.query(target["expr"])


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.database
@pytest.mark.xdist_group("alerts")
@pytest.mark.timeout(4 * SECONDS)
def test_a_dead_letter_has_woken_somebody_and_is_quiet_a_quarter_of_an_hour_later(
    site: Site,
) -> None:
    fired = 'max_over_time(ALERTS{alertname="DeadLetters",alertstate="firing"}[1h])'
    wait_until(lambda: bool(site.prometheus.query(fired)), SECONDS, "DeadLetters, fired")
    wait_until(
        lambda: not site.prometheus.firing("DeadLetters"), 3 * SECONDS, "DeadLetters, cleared"
    )
