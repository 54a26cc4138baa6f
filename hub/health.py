"""What is reachable, what is wrong, and what to do about it: for ``doctor`` and ``/health``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.channels import without_credentials
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from routing import control
from routing.topology import Topology
from schemas.errors import HubError, Slow

OLDEST_POSTGRESQL = 15
_NAMED = 3


class Level(StrEnum):
    """How bad a finding is; later members are worse."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing: its state in a sentence, and the remedy where there is one."""

    subject: str
    level: Level
    text: str
    remedy: str = ""


def worst(findings: Sequence[Finding]) -> Level:
    """Name the worst level among the findings; nothing found is fine."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)


def examine(settings: Settings, wanted: Topology) -> list[Finding]:
    """Check broker, topology, database and schema; changes nothing and takes seconds at most."""
    return [*_broker(settings, wanted), *_database(settings)]


def _broker(settings: Settings, wanted: Topology) -> list[Finding]:
    if settings.broker_url is None:
        return [_unset("broker", "QOVSAQ_BROKER_URL")]
    url, remedy = settings.broker_url, "start RabbitMQ, or correct QOVSAQ_BROKER_URL"
    findings = _checked("broker", remedy, lambda: topology(url.get_secret_value(), wanted))
    return [_located(finding, without_credentials(url)) for finding in findings]


def _database(settings: Settings) -> list[Finding]:
    if settings.database_url is None:
        return [_unset("database", "QOVSAQ_DATABASE_URL")]
    url, remedy = settings.database_url, "start PostgreSQL, or correct QOVSAQ_DATABASE_URL"
    findings = _checked("database", remedy, lambda: database(url.get_secret_value()))
    return [_located(finding, without_credentials(url)) for finding in findings]


def topology(url: str, wanted: Topology) -> Iterable[Finding]:
    """Check that the broker answers and has the queues and exchanges this release needs."""
    drifts = control.check(url, wanted)
    yield Finding("broker", Level.OK, "RabbitMQ answers")
    missing = [f"{drift.kind} {drift.name}" for drift in drifts if drift.difference == "missing"]
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        text = f"{len(missing)} exchanges and queues are missing: {named}"
        yield Finding("topology", Level.ERROR, text, "run `qovsaq topology declare`")
    for drift in drifts:
        if drift.difference != "missing":
            remedy = "move its messages away, delete it, run `qovsaq topology declare`"
            yield Finding("topology", Level.ERROR, str(drift), remedy)
    if not drifts:
        yield Finding("topology", Level.OK, "exchanges and queues are as they should be")


def database(url: str) -> Iterable[Finding]:
    """Check that the database answers, is recent enough and has the schema of this release."""
    source = Database(url, application_name="qovsaq health")
    try:
        with source.transaction() as tx:
            shown = tx.rows("SELECT current_setting('server_version_num')::integer AS number")
    finally:
        source.close()
    version = shown[0]["number"] // 10_000
    if version < OLDEST_POSTGRESQL:
        text = f"PostgreSQL {version} is older than {OLDEST_POSTGRESQL}"
        yield Finding("database", Level.ERROR, text, "upgrade PostgreSQL")
    else:
        yield Finding("database", Level.OK, f"PostgreSQL {version} answers")
    current, expected = migrate.current(url), migrate.expected()
    if current == expected:
        yield Finding("schema", Level.OK, f"schema {current}")
    else:
        text = f"the schema is {current or 'missing'}, this release needs {expected}"
        yield Finding("schema", Level.ERROR, text, "run `qovsaq migrate`")


def _checked(
    subject: str, remedy: str, check: Callable[[], Iterable[Finding]]
) -> Iterable[Finding]:
    try:
        yield from check()
    except Slow as slow:
        busy = f"find out what keeps the {subject} busy; nothing is lost meanwhile"
        yield Finding(subject, Level.WARNING, str(slow), busy)
    except HubError as error:
        yield Finding(subject, Level.ERROR, str(error), remedy)


def _located(finding: Finding, place: str) -> Finding:
    if finding.subject in ("broker", "database"):
        return Finding(finding.subject, finding.level, f"{finding.text} ({place})", finding.remedy)
    return finding


def _unset(subject: str, name: str) -> Finding:
    return Finding(subject, Level.ERROR, f"{name} is not set", f"set {name}")
