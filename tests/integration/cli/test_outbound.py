"""A subscriber from its first document to its last record, from the command line."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub import bootstrap, outbound
from hub.cli.ending import Exit
from hub.crew import at_work
from hub.settings import Settings
from routing import control, keys
from tests.support.commands import CommandLine
from tests.support.outbound_bench import BODY, document, person
from tests.support.outbound_plant import publish_batch
from tests.support.rabbitmq import Broker
from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(300),
]
QUEUE = keys.deliver_queue(BODY)
SUBSCRIBER = f"""
subscriber = "{BODY}"
title = "A pension fund"
channel = "amqp"
records = ["person"]
"""


@dataclass
class Desk:
    """Command lines of three operators, by name, and the folder their documents are in."""

    of: dict[str, CommandLine]
    folder: Path
    settings: Settings
    broker_url: str

    def grant(self, name: str = "grant.json", **changes: object) -> str:
        """Write a grant into a file."""
        path = self.folder / name
        plain = document(**changes).model_dump(mode="json", exclude_none=True)
        path.write_bytes(orjson.dumps(plain))
        return str(path)


@pytest.fixture
def desk(broker: Broker, clean_broker: str, database_url: str, tmp_path: Path) -> Iterator[Desk]:
    prefix = f"{uuid.uuid4().hex[:12]}."
    urls = {
        "QOVSAQ_BROKER_URL": clean_broker,
        "QOVSAQ_DATABASE_URL": database_url,
        "QOVSAQ_OUTBOUND__BROKER_CONTROL": " ".join(broker.administration.command),
        "QOVSAQ_OUTBOUND__USER_PREFIX": prefix,
    }
    found = {"root": CommandLine(urls)}
    for name in ("root", "aysel", "behruz"):
        answer = found["root"]("operators", "add", name, "--json")
        assert answer.status == Exit.OK, answer.err
        found[name] = CommandLine(urls | {"QOVSAQ_OPERATOR_TOKEN": answer.json["token"]})
    (tmp_path / "body.toml").write_text(SUBSCRIBER)
    settings = Settings.model_validate(
        {
            "broker_url": clean_broker,
            "database_url": database_url,
            "outbound": {
                "broker_control": urls["QOVSAQ_OUTBOUND__BROKER_CONTROL"],
                "user_prefix": prefix,
            },
        }
    )
    control.declare(clean_broker, bootstrap.build(settings).topology)
    outbound.administration(settings).introduce(BODY, "secret")
    yield Desk(found, tmp_path, settings, clean_broker)
    broker.administration.run("delete_user", f"{prefix}{BODY}")


def test_who_is_served_over_ehis_only_is_not_entered_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "body.toml"
    file.write_text(SUBSCRIBER)
    command = CommandLine({"QOVSAQ_OUTBOUND__EHIS_ONLY": BODY})
    added = command("subscribers", "add", str(file))
    assert added.status != Exit.OK
    assert "QOVSAQ_OUTBOUND__EHIS_ONLY" in added.err


def waiting(desk: Desk) -> int:
    return control.depths(desk.broker_url, [QUEUE]).get(QUEUE, -1)


def custody(operator: CommandLine) -> dict[str, Any]:
    """The account of records that came here past the record log."""
    (line,) = operator("subscribers", "custody", BODY, "--anew", "--json").json["subscribers"]
    return dict(line)


def test_a_subscriber_from_its_first_document_to_its_last_record(desk: Desk) -> None:
    aysel, behruz = desk.of["aysel"], desk.of["behruz"]
    added = aysel("subscribers", "add", str(desk.folder / "body.toml"))
    assert added.status == Exit.OK, added.err
    (listed,) = aysel("subscribers", "list", "--json").json
    assert listed["subscriber"] == BODY

    proposed = aysel("grants", "propose", desk.grant(), "--reason", "asked for")
    assert proposed.status == Exit.OK, proposed.err
    approval = ("grants", "approve", "pensions-persons", "--version", "1", "--reason", "checked")
    own = aysel(*approval)
    assert (own.status, "four-eyes" in own.err) == (Exit.NO, True)
    assert behruz(*approval).status == Exit.OK

    stop = threading.Event()
    hub = bootstrap.build(desk.settings)
    with at_work({"delivery": outbound.delivery(hub)}, stop):
        publish_batch(desk.broker_url, [person(1), person(2)])
        wait_until(lambda: waiting(desk) == 1, 60, "a parcel in the subscriber's queue")
        revoked = aysel(
            "grants", "revoke", "pensions-persons", "--ground", "5.3.2", "--reason", "no basis"
        )
        assert revoked.status == Exit.OK, revoked.err
        assert waiting(desk) == 0
        publish_batch(desk.broker_url, [person(3)])
        wait_until(
            lambda: custody(aysel)["due"] == 3,
            60,
            "the third record in custody",
        )
    hub.bus.close()

    line = custody(aysel)
    assert (line["delivered"], line["withheld"], line["recalled"]) == (0, 3, 2)
    (grant,) = aysel("grants", "list", "--json").json
    assert grant["standing"] == "revoked"
    shown = aysel("grants", "show", "pensions-persons", "--json").json
    assert [row["ground"] for row in shown["standing"]] == ["approved", "5.3.2"]
    ledger = aysel("ledger", "--json")
    assert [each["subscriber"] for each in ledger.json["subscribers"]] == [BODY]


def test_tables_are_shown_to_people(desk: Desk) -> None:
    aysel, behruz = desk.of["aysel"], desk.of["behruz"]
    aysel("subscribers", "add", str(desk.folder / "body.toml"))
    aysel("grants", "propose", desk.grant(), "--reason", "asked for")
    behruz("grants", "approve", "pensions-persons", "--version", "1", "--reason", "checked")
    for words, expected in {
        ("subscribers", "list"): "A pension fund",
        ("subscribers", "show", BODY): "subscriber-added",
        ("subscribers", "custody"): BODY,
        ("subscribers", "parked", BODY): "Parked",
        ("subscribers", "declare"): "1 subscribers",
        ("grants", "list"): "in-force",
        ("grants", "show", "pensions-persons"): "approved",
        ("ledger",): "Custody per subscriber",
    }.items():
        answer = aysel(*words)
        assert answer.status == Exit.OK, answer.err
        assert expected in answer.out


def test_suspending_lifting_backfilling_and_trying_again(desk: Desk) -> None:
    aysel, behruz = desk.of["aysel"], desk.of["behruz"]
    aysel("subscribers", "add", str(desk.folder / "body.toml"))
    aysel("grants", "propose", desk.grant(), "--reason", "asked for")
    behruz("grants", "approve", "pensions-persons", "--version", "1", "--reason", "checked")
    why = ("--reason", "why")
    suspended = aysel("grants", "suspend", "pensions-persons", "--ground", "5.3.1", *why)
    assert suspended.status == Exit.OK, suspended.err
    assert aysel("grants", "lift", "pensions-persons", *why).status == Exit.OK
    asked = aysel("subscribers", "backfill", BODY, *why)
    assert asked.status == Exit.OK, asked.err
    again = aysel("subscribers", "backfill", BODY, *why)
    assert (again.status, "backfill-open" in again.err) == (Exit.NO, True)
    retried = aysel("subscribers", "retry", BODY, *why)
    assert "0 records" in retried.out
    rejected = aysel("grants", "propose", desk.grant(recordsPerDay=5), *why)
    assert "version 2" in rejected.out
    answer = behruz("grants", "approve", "pensions-persons", "--version", "2", "--reject", *why)
    assert "rejected" in answer.out


def test_a_rehearsal_needs_no_approval_and_sends_nothing(desk: Desk) -> None:
    aysel = desk.of["aysel"]
    aysel("subscribers", "add", str(desk.folder / "body.toml"))
    rehearsed = aysel("grants", "rehearse", desk.grant(), "--since", "30d", "--json")
    assert rehearsed.json == {"outcomes": [], "fields": []}
    assert "what would become" in aysel("grants", "rehearse", desk.grant()).out.lower()
    assert aysel("grants", "rehearse", desk.grant(), "--since", "soon").status == Exit.USAGE


def test_documents_that_break_a_rule_are_refused_by_field_and_rule(desk: Desk) -> None:
    aysel = desk.of["aysel"]
    aysel("subscribers", "add", str(desk.folder / "body.toml"))
    broken = desk.folder / "broken.toml"
    broken.write_text("grant = ")
    nothing = aysel("grants", "propose", str(broken), "--reason", "why")
    assert (nothing.status, "document" in nothing.err) == (Exit.USAGE, True)
    broken.write_text('grant = "TST0001 is no name"')
    fault = aysel("grants", "propose", str(broken), "--reason", "why")
    assert (fault.status, "TST0001" in fault.err) == (Exit.USAGE, False)
    assert aysel("grants", "propose", "nowhere.toml", "--reason", "why").status == Exit.USAGE
    assert "grant-unknown" in aysel("grants", "show", "nothing").err
    assert "subscriber-unknown" in aysel("subscribers", "show", "nobody").err


def test_without_a_way_to_the_brokers_users_a_revocation_holds_and_says_what_is_left(
    desk: Desk,
) -> None:
    aysel, behruz = desk.of["aysel"], desk.of["behruz"]
    aysel("subscribers", "add", str(desk.folder / "body.toml"))
    aysel("grants", "propose", desk.grant(), "--reason", "asked for")
    behruz("grants", "approve", "pensions-persons", "--version", "1", "--reason", "checked")
    bare = CommandLine(
        {k: v for k, v in aysel.settings.items() if not k.endswith("BROKER_CONTROL")}
    )
    answer = bare(
        "grants", "revoke", "pensions-persons", "--ground", "5.3.2", "--reason", "no basis"
    )
    assert answer.status == Exit.UNAVAILABLE
    assert "QOVSAQ_OUTBOUND__BROKER_CONTROL" in answer.err
    (grant,) = aysel("grants", "list", "--json").json
    assert grant["standing"] == "revoked"
