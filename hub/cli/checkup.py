"""What ``doctor`` looks at beyond broker and schema: clocks, disk, certificates, what waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from connectors._kit.discover import discover
from hub.delivery import subscribers
from hub.delivery.subscriber import Channel
from hub.evidence import backups
from hub.evidence.downtime import register
from hub.evidence.downtime.register import DELIVERY, Kind
from hub.health import Finding, Level
from hub.settings import Settings
from hub.store.database import Database, Transaction
from hub.watch.certificates import expires
from routing import control, keys
from routing.topology import Topology
from schemas.errors import HubError

_SKEW = timedelta(seconds=5)
_SOON = timedelta(days=21)
_GRANT_SOON = timedelta(days=30)
_DISK = 0.1
_BACKUP = timedelta(hours=26)
_WORKERS = {"intake": "intake", "registry": "registry", "dead": "desk"}

_CLOCK = "SELECT clock_timestamp() AS now"
_PARKED = """
SELECT ministry, count(*) AS letters FROM desk.letter WHERE state = 'parked'
GROUP BY ministry ORDER BY ministry
"""
_GRANTS = """
SELECT v.grant_id, v.subscriber, (v.document ->> 'validUntil')::timestamptz AS until
FROM (SELECT DISTINCT ON (grant_id) grant_id, version, standing FROM outbound.grant_standing
      ORDER BY grant_id, entry DESC) s
JOIN outbound.grant_version v USING (grant_id, version)
WHERE s.standing = 'in-force' AND (v.document ->> 'validUntil')::timestamptz <= %s
ORDER BY until
"""


def look(settings: Settings, wanted: Topology, clock: Callable[[], datetime]) -> list[Finding]:
    """Look at everything that can be looked at; what does not answer is ``examine``'s to say."""
    now = clock()
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: _certificates(settings.certificates(), now),
        lambda: _disk(settings.http.spool or Path.cwd()),
    ]
    if settings.broker_url is not None:
        broker = settings.broker_url.get_secret_value()
        checks.append(lambda: _consumers(broker, wanted, _left_alone(settings, now)))
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        checks += [
            lambda: _stored(url, clock),
            lambda: _over_ehis(url, settings.outbound.ehis_only),
        ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except HubError:
            continue  # down or without schema: that has a finding of its own already
    return found


def explained(finding: Finding) -> Finding:
    """Give a refusal of the broker the remedy that fits it."""
    for sign, remedy in (
        ("NOT_ALLOWED - vhost", "rabbitmqctl add_vhost <vhost>; rabbitmqctl set_permissions -p "
         "<vhost> <user> '.*' '.*' '.*'"),
        ("Login was refused", "correct user and password in QOVSAQ_BROKER_URL"),
        ("ACCESS_REFUSED", "rabbitmqctl set_permissions -p <vhost> <user> '.*' '.*' '.*'"),
        ("NOT_ALLOWED", "rabbitmqctl set_permissions -p <vhost> <user> '.*' '.*' '.*'"),
    ):  # fmt: skip
        if finding.subject == "broker" and sign in finding.text:
            return Finding(finding.subject, finding.level, finding.text, remedy)
    return finding


def _certificates(files: dict[str, Path], now: datetime) -> Iterator[Finding]:
    for name, path in files.items():
        end = expires(path)
        if end is None:
            text = f"the certificate {name} cannot be read"
            yield Finding("certificate", Level.ERROR, text, f"put a PEM file at {path}")
        elif end <= now:
            text = f"the certificate {name} expired on {end:%Y-%m-%d}"
            yield Finding("certificate", Level.ERROR, text, f"renew {path}")
        elif end <= now + _SOON:
            text = f"the certificate {name} expires on {end:%Y-%m-%d}"
            yield Finding("certificate", Level.WARNING, text, f"renew {path}")


def _disk(folder: Path) -> Iterator[Finding]:
    usage = shutil.disk_usage(folder)
    return scarce(folder, usage.free, usage.total)


def scarce(folder: Path, free: int, total: int) -> Iterator[Finding]:
    """Find that less than a tenth of the ``total`` bytes of a folder's disk is ``free``."""
    if free < _DISK * total:
        text = f"{free // 2**20:,} MiB are free where {folder} is"
        yield Finding("disk", Level.WARNING, text, "free space, or set QOVSAQ_HTTP__SPOOL")


def _left_alone(settings: Settings, now: datetime) -> set[str]:
    """Name the queues that nobody takes from because their ministry is paused."""
    if settings.database_url is None:
        return set()
    database = Database(settings.database_url.get_secret_value(), application_name="qovsaq doctor")
    try:
        with database.transaction() as tx:
            paused = register.paused(tx, now).ministries
    except HubError:
        return set()
    finally:
        database.close()
    return {keys.intake_queue(name, lane) for name in paused for lane in keys.LANES}


def _consumers(url: str, wanted: Topology, left_alone: set[str]) -> Iterator[Finding]:
    named = {q.name for q in wanted.queues if q.name.partition(".")[0] in _WORKERS}
    working = sorted(named - left_alone)
    idle = [queue for queue, number in control.consumers(url, working).items() if not number]
    for part, worker in _WORKERS.items():
        queues = [queue for queue in idle if queue.partition(".")[0] == part]
        if queues:
            text = f"{len(queues)} queues {part}.* have no consumer"
            yield Finding("consumers", Level.WARNING, text, f"run `qovsaq run {worker}`")


def _stored(url: str, clock: Callable[[], datetime]) -> Iterator[Finding]:
    database = Database(url, application_name="qovsaq doctor")
    try:
        with database.transaction() as tx:
            yield from _clock(tx, clock)
            now = clock()
            yield from _outages(tx, now)
            yield from _waiting(tx)
            yield from _grants(tx, now)
            yield from _backups(tx, now)
    finally:
        database.close()


def _over_ehis(url: str, ehis_only: Collection[str]) -> Iterator[Finding]:
    """A name nobody has restricts nobody; a body served otherwise is served not at all."""
    if not ehis_only:
        return
    database = Database(url, application_name="qovsaq doctor")
    try:
        with database.transaction() as tx:
            channels = {each.name: each.channel for each in subscribers.known(tx)}
    finally:
        database.close()
    for name in ehis_only:
        if name not in channels:
            text, remedy = f"there is no subscriber {name}", "correct QOVSAQ_OUTBOUND__EHIS_ONLY"
            yield Finding("ehis", Level.WARNING, text, remedy)
        elif channels[name] is not Channel.EHIS:
            text = f"{name} is served over EHİS only and has the channel {channels[name]}"
            yield Finding("ehis", Level.ERROR, text, "enter it anew with the channel ehis")


def _clock(tx: Transaction, clock: Callable[[], datetime]) -> Iterator[Finding]:
    tx.rows(_CLOCK)  # whatever connecting takes is not the clock's fault
    here = clock()
    (row,) = tx.rows(_CLOCK)
    skew = row["now"] - here
    if abs(skew) > _SKEW:
        text = f"the database's clock differs from this machine's by {skew.total_seconds():.0f} s"
        yield Finding("clock", Level.ERROR, text, "let chrony or ntpd set both clocks")


def _outages(tx: Transaction, now: datetime) -> Iterator[Finding]:
    for row in register.entries(tx, now, now + timedelta(seconds=1)):
        whom = row["source"] or "everybody"
        text = f"{row['component']} is down for {whom} since {row['began_at']:%Y-%m-%d %H:%M %Z}"
        if row["kind"] == Kind.OUTAGE:
            yield Finding("breaker", Level.ERROR, text, "run `qovsaq downtime list`")
        elif row["kind"] == Kind.PAUSE:
            text = f"{whom} is paused since {row['began_at']:%Y-%m-%d %H:%M %Z}: {row['cause']}"
            sure = " --subscriber" * (row["component"] == DELIVERY and whom in discover())
            yield Finding("pause", Level.WARNING, text, f"run `qovsaq resume {whom}{sure}`")
        else:
            yield Finding("window", Level.WARNING, f"{text}: {row['cause']}", "")


def _waiting(tx: Transaction) -> Iterator[Finding]:
    for row in tx.rows(_PARKED):
        text = f"{row['letters']:,} dead letters of {row['ministry']} wait"
        yield Finding("dead letters", Level.WARNING, text, "run `qovsaq dead-letters groups`")


def _grants(tx: Transaction, now: datetime) -> Iterator[Finding]:
    for row in tx.rows(_GRANTS, [now + _GRANT_SOON]):
        text = f"grant {row['grant_id']} for {row['subscriber']} ends on {row['until']:%Y-%m-%d}"
        yield Finding(
            "grant", Level.WARNING, text, "run `qovsaq grants propose` with its successor"
        )


def _backups(tx: Transaction, now: datetime) -> Iterator[Finding]:
    newest = backups.latest(tx)
    if newest is None or now - newest > _BACKUP:
        text = (
            f"the last backup is of {newest:%Y-%m-%d %H:%M %Z}" if newest else "there is no backup"
        )
        yield Finding("backup", Level.WARNING, text, "run `qovsaq backup --verify`")
