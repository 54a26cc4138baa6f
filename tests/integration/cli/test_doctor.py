"""What ``qovsaq doctor`` finds beyond broker and schema, and the command it names for it."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli import checkup
from hub.cli.checkup import explained
from hub.evidence import backups
from hub.evidence.backups import Backup, Event
from hub.evidence.downtime import register
from hub.evidence.downtime.entry import Outage
from hub.health import Finding, Level
from hub.settings import Settings
from hub.store.database import Database
from routing.topology import Topology, topology
from tests.support.commands import CommandLine
from tests.support.credentials import Authority
from tests.support.subscribed import Body, enter

pytestmark = pytest.mark.database

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


def found(
    url: str, late: timedelta = timedelta(), **given: Any
) -> dict[str, tuple[Level, str, str]]:
    settings = Settings(database_url=url, **given)
    findings = checkup.look(settings, Topology(), lambda: utc_now() - late)
    return {each.subject: (each.level, each.text, each.remedy) for each in findings}


def test_a_hub_that_is_well_has_no_finding(database_url: str) -> None:
    assert found(database_url).keys() <= {"disk", "backup"}


def test_clocks_that_disagree(database_url: str) -> None:
    level, text, _ = found(database_url, timedelta(minutes=2))["clock"]
    assert level is Level.ERROR
    assert re.search(r"differs from this machine's by 12\d s", text)


def test_what_is_down_now_is_named_and_what_is_over_is_not(database_url: str) -> None:
    now = datetime.now(UTC)
    database = Database(database_url)
    hour = timedelta(hours=1)
    with database.transaction() as tx:
        register.note(tx, Outage("broker", "", now - 3 * hour, now - hour, "x"), "breaker", now)
        register.note(tx, Outage("service", "justice", now - hour, None, "x"), "breaker", now)
    database.close()
    level, text, remedy = found(database_url)["breaker"]
    assert (level, remedy) == (Level.ERROR, "run `qovsaq downtime list`")
    assert text.startswith("service is down for justice since ")


def test_letters_that_wait(database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as tx:
        tx.execute("""
            INSERT INTO desk.letter (letter_id, origin, message_id, body_sha256, content_type,
                headers, size, ministry, lane, record_type, subject, version, rank, cause, field,
                explanation, state, first_parked_at, parked_at, changed_at)
            VALUES (gen_random_uuid(), 'q', 'm', 'x', 't', '{}', 1, 'labour', 'live', 'person', '',
                0, 0, 'c', '', 'e', 'parked', now(), now(), now())
        """)
    database.close()
    assert found(database_url)["dead letters"] == (
        Level.WARNING, "1 dead letters of labour wait", "run `qovsaq dead-letters groups`",
    )  # fmt: skip


def test_a_grant_that_ends_within_a_month(database_url: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    database = Database(database_url)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO outbound.subscriber VALUES ('fund', '{}', 1, now(), 'a', now(), now())"
        )
        tx.execute(
            "INSERT INTO outbound.grant_version (grant_id, version, subscriber, document,"
            " proposed_by, proposed_at, reason) VALUES ('g-1', 1, 'fund',"
            " jsonb_build_object('validUntil', %s::text), 'a', now(), 'r')",
            [until],
        )
        tx.execute(
            "INSERT INTO outbound.grant_standing"
            " VALUES ('g-1', 1, 1, 'in-force', 'g', 'r', 'a', now())"
        )
    database.close()
    level, text, remedy = found(database_url)["grant"]
    assert level is Level.WARNING
    assert text.startswith("grant g-1 for fund ends on ")
    assert "qovsaq grants propose" in remedy


@pytest.mark.parametrize(
    ("channel", "level", "said"),
    [
        (
            {"channel": "amqp"},
            Level.ERROR,
            "fund is served over EHİS only and has the channel amqp",
        ),
        (None, Level.WARNING, "there is no subscriber fund"),
    ],
)
def test_who_is_to_be_served_over_ehis_only_and_is_not(
    database_url: str, channel: dict[str, str] | None, level: Level, said: str
) -> None:
    bodies: list[Body] = [({"subscriber": "other", "channel": "ehis", "service": "s"}, [])]
    bodies += [({"subscriber": "fund", **channel}, [])] if channel else []
    enter(database_url, bodies, utc_now())
    finding = found(database_url, outbound={"ehis_only": "fund"})["ehis"]
    assert finding[:2] == (level, said)
    assert "ehis" not in found(database_url, outbound={"ehis_only": "other"})


@pytest.mark.parametrize(
    ("days", "level"), [(-2, Level.ERROR), (0, Level.WARNING), (-40, Level.ERROR)]
)
def test_a_certificate_that_has_expired_or_will(tmp_path: Path, days: int, level: Level) -> None:
    file = Authority(tmp_path, NOW + timedelta(days=days)).file
    settings = Settings(http={"certificate": file})
    (finding,) = [
        f for f in checkup.look(settings, Topology(), lambda: NOW) if f.subject == "certificate"
    ]
    assert finding.level is level
    assert str(file) in finding.remedy


@pytest.mark.broker
def test_queues_without_a_consumer_name_the_worker_to_start(clean_broker: str) -> None:
    qovsaq = CommandLine({"QOVSAQ_BROKER_URL": clean_broker})
    assert qovsaq("topology", "declare").status == 0
    settings = Settings(broker_url=clean_broker)
    findings = checkup.look(settings, topology(["labour"]), utc_now)
    assert {f.remedy for f in findings if f.subject == "consumers"} == {
        "run `qovsaq run intake`", "run `qovsaq run registry`", "run `qovsaq run desk`",
    }  # fmt: skip


@pytest.mark.broker
def test_a_virtual_host_that_is_missing_has_its_own_remedy(clean_broker: str) -> None:
    missing = CommandLine({"QOVSAQ_BROKER_URL": f"{clean_broker}_missing"})
    findings = missing("doctor", "--json").json["findings"]
    (broker,) = [each for each in findings if each["subject"] == "broker"]
    assert broker["remedy"].startswith("rabbitmqctl add_vhost")
    wrong = CommandLine({"QOVSAQ_BROKER_URL": clean_broker.replace("guest:guest", "guest:nobody")})
    (refused,) = [
        each for each in wrong("doctor", "--json").json["findings"] if each["subject"] == "broker"
    ]
    assert refused["remedy"] == "correct user and password in QOVSAQ_BROKER_URL"
    assert "nobody" not in str(refused)


def test_a_right_that_is_missing_names_the_command_that_gives_it() -> None:
    text = "broker: ACCESS_REFUSED - access to queue 'x' in vhost '/' refused for user 'y'"
    finding = Finding("broker", Level.ERROR, text, "start RabbitMQ")
    assert "set_permissions" in explained(finding).remedy
    other = Finding("broker", Level.ERROR, "broker: refused", "start RabbitMQ")
    assert explained(other) is other


def test_little_room_on_the_disk() -> None:
    room = Path("/var/spool/qovsaq")
    assert list(checkup.scarce(room, 10 * 2**30, 100 * 2**30)) == []
    (finding,) = checkup.scarce(room, 10 * 2**30 - 1, 100 * 2**30)
    assert (finding.subject, finding.level) == ("disk", Level.WARNING)
    assert finding.text == "10,239 MiB are free where /var/spool/qovsaq is"
    assert "QOVSAQ_HTTP__SPOOL" in finding.remedy


def test_a_backup_that_was_never_made_or_is_old(database_url: str) -> None:
    remedy = "run `qovsaq backup --verify`"
    assert found(database_url)["backup"] == (Level.WARNING, "there is no backup", remedy)
    old = datetime.now(UTC) - timedelta(hours=27)
    note_backup(database_url, old)
    assert found(database_url)["backup"] == (
        Level.WARNING, f"the last backup is of {old:%Y-%m-%d %H:%M UTC}", remedy,
    )  # fmt: skip
    note_backup(database_url, datetime.now(UTC))
    assert "backup" not in found(database_url)


def note_backup(url: str, moment: datetime) -> None:
    database = Database(url)
    with database.transaction() as tx:
        made = Backup(uuid.uuid4(), moment, 1, "0" * 64, verified=False)
        backups.note(tx, Event.MADE, made, "database-owner", moment)
    database.close()
