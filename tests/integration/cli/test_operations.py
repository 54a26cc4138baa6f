"""Commands against a real broker and a real database."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hub.cli.ending import Exit
from hub.store.database import Database
from tests.support.commands import CommandLine
from tests.support.rabbitmq import connected
from tests.support.servers import free_port

pytestmark = [pytest.mark.broker, pytest.mark.database]


@pytest.fixture
def qovsaq(clean_broker: str, database_url: str) -> CommandLine:
    return CommandLine({"QOVSAQ_BROKER_URL": clean_broker, "QOVSAQ_DATABASE_URL": database_url})


@pytest.fixture
def declared(qovsaq: CommandLine) -> CommandLine:
    answer = qovsaq("topology", "declare")
    assert answer.status == Exit.OK, answer.err
    return qovsaq


def test_a_missing_topology_is_found_declared_and_found_again(qovsaq: CommandLine) -> None:
    before = qovsaq("topology", "check", "--json")
    assert before.status == Exit.NO
    assert {"kind": "queue", "name": "intake.justice.live", "difference": "missing"} in (
        before.json["drifts"]
    )
    assert "queues are there" in qovsaq("topology", "declare").out
    after = qovsaq("topology", "check")
    assert (after.status, after.out) == (Exit.OK, "the broker has what this release needs\n")
    assert qovsaq("topology", "declare").status == Exit.OK


def test_a_drifted_queue_is_named_with_what_differs(
    declared: CommandLine, clean_broker: str
) -> None:
    with connected(clean_broker) as channel:
        channel.queue_delete("notice.justice")
        arguments = {"x-queue-type": "quorum", "x-max-length": 10}
        channel.queue_declare("notice.justice", durable=True, arguments=arguments)
    answer = declared("topology", "check", "--json")
    assert answer.status == Exit.NO
    assert [(drift["kind"], drift["name"]) for drift in answer.json["drifts"]] == [
        ("queue", "notice.justice")
    ]
    declaring = declared("topology", "declare")
    assert declaring.status == Exit.BROKEN
    assert "notice.justice" in declaring.err
    (drifted,) = [
        each for each in declared("doctor", "--json").json["findings"] if each["level"] == "error"
    ]
    assert "notice.justice" in drifted["text"]
    assert "delete it" in drifted["remedy"]


def test_doctor_is_content_when_everything_is_in_place(declared: CommandLine) -> None:
    answer = declared("doctor")
    assert answer.status == Exit.OK
    assert "RabbitMQ answers" in answer.out
    assert "guest:guest" not in answer.out


def test_doctor_tells_what_to_run(clean_broker: str, empty_database_url: str) -> None:
    settings = {"QOVSAQ_BROKER_URL": clean_broker, "QOVSAQ_DATABASE_URL": empty_database_url}
    qovsaq = CommandLine(settings)
    assert remedies(qovsaq) == {"run `qovsaq topology declare`", "run `qovsaq migrate`"}
    assert qovsaq("migrate").status == Exit.OK
    assert qovsaq("topology", "declare").status == Exit.OK
    assert remedies(qovsaq) == set()


def remedies(qovsaq: CommandLine) -> set[str]:
    findings = qovsaq("doctor", "--json").json["findings"]
    return {finding["remedy"] for finding in findings if finding["level"] == "error"}


def test_doctor_says_whether_bodies_are_encrypted_and_with_which_key(tmp_path: Path) -> None:
    def sealing(**settings: str) -> tuple[str, str]:
        findings = CommandLine(settings)("doctor", "--json").json["findings"]
        (found,) = [each for each in findings if each["subject"] == "sealing"]
        return found["level"], found["text"]

    keys, name = tmp_path / "keys", "QOVSAQ_EVIDENCE__SEALING_KEYS"
    assert sealing() == ("warning", "bodies are compressed, not encrypted")
    keys.write_text(f"2026-01 {base64.b64encode(bytes(32)).decode()}\n")
    assert sealing(**{name: str(keys)}) == ("ok", "bodies are sealed with key 2026-01")
    keys.write_text("nothing\n")
    assert sealing(**{name: str(keys)})[0] == "error"


def test_servers_that_do_not_answer_are_named_without_their_credentials() -> None:
    address = f"127.0.0.1:{free_port()}"
    qovsaq = CommandLine(
        {
            "QOVSAQ_BROKER_URL": f"amqp://guest:s3cret@{address}/vhost",
            "QOVSAQ_DATABASE_URL": f"postgresql://hub:s3cret@{address}/name",
        }
    )
    doctor = qovsaq("doctor", "--json")
    assert doctor.status == Exit.NO
    wrong = [each for each in doctor.json["findings"] if each["level"] == "error"]
    assert [each["subject"] for each in wrong] == ["broker", "database"]
    assert all(address in each["text"] for each in wrong)
    answers = [doctor, qovsaq("topology", "check"), qovsaq("migrate"), qovsaq("ledger")]
    assert [answer.status for answer in answers[1:]] == [Exit.UNAVAILABLE] * 3
    assert all("s3cret" not in answer.out + answer.err for answer in answers)


def test_the_ledger_of_a_hub_that_received_nothing_balances(declared: CommandLine) -> None:
    answer = declared("ledger", "--json")
    assert answer.status == Exit.OK
    assert (answer.json["balanced"], answer.json["inFlight"]) == (True, 0)
    assert "justice" in declared("ledger").out


def test_a_ledger_counted_anew_says_where_closed_pages_say_otherwise(
    declared: CommandLine, database: Database
) -> None:
    agreed = declared("ledger", "--anew")
    assert (agreed.status, "Closed pages agree." in agreed.out) == (Exit.OK, True)
    with database.transaction() as tx:
        tx.execute("""INSERT INTO evidence.page (page, records, sums)
            VALUES (0, 0, '[["justice", "refused", 3]]')""")
    differs = declared("ledger", "--anew")
    assert differs.status == Exit.NO
    assert "differs: justice refused: 0 counted, 3 carried forward" in differs.out
    assert declared("ledger", "--anew", "--json").json["pages"] == [
        "justice refused: 0 counted, 3 carried forward"
    ]


def test_what_was_sent_and_not_received_is_a_difference(
    declared: CommandLine, tmp_path: Path
) -> None:
    sent = str(tmp_path / "sent")
    simulated = declared("simulate", "--records", "20", "--out", sent, "--json")
    assert simulated.status == Exit.OK, simulated.err
    assert simulated.json["messages"] == 20
    compared = declared("ledger", "--sent", sent, "--json")
    assert compared.status == Exit.NO
    assert len(compared.json["differences"]) == simulated.json["records"]


def test_an_account_that_is_not_there_is_a_matter_of_usage(
    declared: CommandLine, tmp_path: Path
) -> None:
    assert declared("ledger", "--sent", str(tmp_path)).status == Exit.USAGE


def test_a_person_nobody_spoke_of_is_an_answer_of_no(declared: CommandLine) -> None:
    answer = declared("person", "TST0001")
    assert answer.status == Exit.NO
    assert "TST0001" not in answer.err
