"""Conditions of the alerts, each produced as it comes about, and ended again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from hub.evidence import audit, backups
from hub.evidence.audit import Act
from hub.evidence.backups import Backup, Event
from hub.store.database import Database
from tests.e2e.alert_site import Site, put_certificate
from tests.reliability.deadly import POISON
from tests.support.servers import wait_until

SECONDS = 600
LATE = timedelta(minutes=10)
DEADLY = ("-m", "tests.reliability.deadly")


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
    _discard_all(site)


@contextmanager
def another_dead_letter(site: Site) -> Iterator[None]:
    """One comes when the last one was told and is long over."""
    wait_until(lambda: not site.prometheus.firing("DeadLetters"), SECONDS, "an end of the last")
    with dead_letter(site):
        yield


def _discard_all(site: Site) -> None:
    operator = site.operator()
    for letter in operator("dead-letters", "list", "--json").json:
        assert operator("dead-letters", "discard", letter["letter_id"], "--reason", "x").status == 0


@contextmanager
def deadly_message(site: Site) -> Iterator[None]:
    """A message ends the process that normalizes it, as often as somebody starts it again."""
    intake = site.processes["intake"]
    intake.stop()
    intake.start(DEADLY)
    site.send(body=POISON)

    def parked() -> bool:
        if not intake.running:
            intake.start(DEADLY)
        return bool(site.prometheus.query("qovsaq_poison_parked_total > 0"))

    wait_until(parked, SECONDS, "parked poison")
    yield
    _discard_all(site)


@contextmanager
def forgotten_consumer(site: Site) -> Iterator[None]:
    """The broker forgets who takes from a queue; the connection stays, and nobody is told."""
    site.broker.forget_consumers("intake.labour.live")
    site.send()
    yield


@contextmanager
def unstated(site: Site) -> Iterator[None]:
    """A day is over, and a record of it is on its way: everything that came, came yesterday."""
    site.processes["registry"].stop()
    site.send()
    wait_until(lambda: site.depth("registry.writer.live") > 0, SECONDS, "a canonical message")
    site.execute(
        "ALTER TABLE evidence.journal DISABLE TRIGGER ALL",
        "UPDATE evidence.journal SET received_at = received_at - interval '1 day'",
        "ALTER TABLE evidence.journal ENABLE TRIGGER ALL",
    )
    yield
    site.start("registry")


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
    "DeadLetters": another_dead_letter,
    "PoisonParked": deadly_message,
    "DeafConsumer": forgotten_consumer,
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
    "CustodyLate": unstated,
}
