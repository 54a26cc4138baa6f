"""The desk from the command line, against a real broker and a real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from hub import bootstrap
from hub.bootstrap import Kind
from hub.cli.ending import Exit
from hub.hop import Hop
from hub.settings import Settings
from routing import control, keys
from routing.message import CAUSE, Message
from routing.parking import EXPLANATION, PARKED_AT
from schemas.envelope import CONTENT_TYPE, encode_batch
from tests.support.commands import CommandLine
from tests.support.desk_bench import of_person

pytestmark = [pytest.mark.broker, pytest.mark.database]

WRITER = keys.writer_queue("live")
PARKED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def urls(clean_broker: str, database_url: str) -> dict[str, str]:
    return {"QOVSAQ_BROKER_URL": clean_broker, "QOVSAQ_DATABASE_URL": database_url}


@pytest.fixture
def operators(urls: dict[str, str]) -> dict[str, CommandLine]:
    """Two operators, each at a command line of their own."""
    found = {"root": CommandLine(urls)}
    for name in ("root", "aysel", "behruz"):
        answer = found["root"]("operators", "add", name, "--json")
        assert answer.status == Exit.OK, answer.err
        found[name] = CommandLine(urls | {"QOVSAQ_OPERATOR_TOKEN": answer.json["token"]})
    return found


@pytest.fixture
def parked(urls: dict[str, str]) -> Iterator[list[str]]:
    """Two dead letters about two persons, drained by the worker of `run desk`."""
    settings = Settings.model_validate(
        {"broker_url": urls["QOVSAQ_BROKER_URL"], "database_url": urls["QOVSAQ_DATABASE_URL"]}
    )
    hub = bootstrap.build(settings)
    control.declare(urls["QOVSAQ_BROKER_URL"], hub.topology)
    headers: dict[str, str | int | bool] = {
        CAUSE: "canonical-content",
        EXPLANATION: "person.givenName: string_type",
        PARKED_AT: PARKED.isoformat(),
    }
    events = [of_person(number, 1) for number in (1, 2)]
    with closing(hub.bus.publisher()) as publisher:
        publisher.publish(
            [
                Message(
                    keys.DEFAULT,
                    keys.dead_queue(WRITER),
                    encode_batch([each]),
                    each.id,
                    CONTENT_TYPE,
                    headers,
                )
                for each in events
            ]
        )
    worker = hub.worker(Kind.DESK)
    assert isinstance(worker, Hop)
    taken = 0
    while taken < len(events):
        taken += worker.step(threading.Event(), 10)
    worker.close()
    yield [each.id for each in events]
    hub.bus.close()


def test_an_operator_goes_from_groups_to_a_letter_corrects_and_sends_it(
    operators: dict[str, CommandLine], parked: list[str], tmp_path: Path
) -> None:
    aysel, behruz = operators["aysel"], operators["behruz"]
    (group,) = aysel("dead-letters", "groups", "--json").json
    assert (group["cause"], group["field"], group["letters"]) == (
        "canonical-content", "person.givenName", 2,
    )  # fmt: skip
    listed = aysel("dead-letters", "list", "--ministry", "interior", "--json").json
    assert {row["message_id"] for row in listed} == set(parked)
    assert not any("TST" in row["subject"] and "*" not in row["subject"] for row in listed)
    letter = listed[0]["letter_id"]

    shown = aysel("dead-letters", "show", letter, "--body", "--json").json
    file = tmp_path / "record.json"
    file.write_bytes(orjson.dumps(orjson.loads(shown["body"]) | {"givenName": "Misal"}))
    made = aysel("dead-letters", "correct", letter, str(file), "--reason", "why", "--json")
    assert made.status == Exit.OK, made.err
    correction = made.json["correction_id"]
    own = aysel("dead-letters", "approve", correction)
    assert (own.status, "own-act" in own.err) == (Exit.NO, True)
    assert behruz("dead-letters", "approve", correction).out == "the letter is approved\n"

    dry = aysel("dead-letters", "replay", "--all", "--dry-run", "--json").json
    assert [each["corrected"] for each in dry].count(True) == 1
    sent = aysel("dead-letters", "replay", "--cause", "canonical-content", "--json")
    assert (sent.status, sent.json["sent"]) == (Exit.OK, 2)
    again = aysel("dead-letters", "replay", letter, "--json")
    assert (again.status, again.json["heldBack"]) == (Exit.NO, {"closed": 1})
    status = aysel("dead-letters", "status", "--json").json
    assert (status["letters"]["sent"], status["letters"]["replaced"]) == (1, 1)


def test_every_command_has_something_to_show_a_person(
    operators: dict[str, CommandLine], parked: list[str]
) -> None:
    aysel = operators["aysel"]
    (first, _) = aysel("dead-letters", "list", "--json").json
    for words in (["groups"], ["list"], ["status"], ["show", first["letter_id"], "--body"]):
        answer = aysel("dead-letters", *words)
        assert answer.status == Exit.OK, answer.err
        assert "interior" in answer.out or "parked" in answer.out
    assert "would be written" in aysel("dead-letters", "replay", "--all", "--dry-run").out
    discarded = aysel("dead-letters", "discard", first["letter_id"], "--reason", "why")
    assert (discarded.status, discarded.out) == (Exit.OK, "1 discarded\n")
    assert "1 sent" in aysel("dead-letters", "replay", "--all").out
    assert "aysel" in aysel("dead-letters", "status").out
    assert "behruz" in aysel("operators", "list").out


def test_without_a_token_the_desk_answers_nobody(
    urls: dict[str, str], operators: dict[str, CommandLine], parked: list[str]
) -> None:
    stranger = CommandLine(urls)
    for words in (["list"], ["groups"], ["status"], ["replay", "--all"]):
        answer = stranger("dead-letters", *words)
        assert (answer.status, "not-authenticated" in answer.err) == (Exit.NO, True)
    assert stranger("operators", "add", "me").status == Exit.NO
    assert operators["root"]("operators", "revoke", "aysel").status == Exit.OK
    assert operators["aysel"]("dead-letters", "list").status == Exit.NO


def test_a_wish_that_is_not_clear_is_a_matter_of_usage(operators: dict[str, CommandLine]) -> None:
    aysel = operators["aysel"]
    assert aysel("dead-letters", "replay").status == Exit.USAGE
    assert aysel("dead-letters", "replay", "--all", "--ministry", "x").status == Exit.USAGE
    assert aysel("dead-letters", "show", "no-id").status == Exit.USAGE
