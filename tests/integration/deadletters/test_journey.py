"""From a parked record to its end, with the account balanced at every step."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from hub.deadletters.letter import State as Stand
from hub.evidence.declined import Declined
from hub.evidence.record_log import State
from tests.support.desk_bench import BIRTHS, CONTRACT, DeskBench, broken_health, park_one

pytestmark = pytest.mark.database


def corrected(bench: DeskBench, letter_id: str, **change: Any) -> bytes:
    shown = bench.desk.show(bench.tokens["aysel"], letter_id, with_body=True)
    return orjson.dumps(json.loads(shown["body"]) | change)


def positions(bench: DeskBench) -> list[str]:
    rows = bench.rows("SELECT data ->> 'position' AS p FROM registry.employment_contract")
    return [row["p"] for row in rows]


def test_a_parked_record_is_corrected_approved_replayed_and_written(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    assert (bench.log(), bench.balanced()) == ({"parked": 1}, True)
    (sealed,) = bench.rows("SELECT body FROM desk.letter_body")

    content = corrected(bench, letter_id, position="Mühasib")
    made = bench.desk.correct(bench.tokens["aysel"], letter_id, content, "a wrong position")
    assert (bench.letter_states(), bench.log(), bench.balanced()) == (
        ["proposed"], {"parked": 1}, True,
    )  # fmt: skip
    assert [change["path"] for change in made["difference"]] == ["position"]

    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    assert (bench.letter_states(), bench.log(), bench.balanced()) == (
        ["approved"], {"parked": 1}, True,
    )  # fmt: skip

    assert bench.replay([letter_id]).sent == 1
    assert (bench.log(), bench.balanced()) == ({"replaced": 1, "received": 1}, True)

    bench.settle_down()
    assert bench.letter_states() == ["replaced"]
    assert (bench.log(), bench.balanced()) == ({"replaced": 1, "written": 1}, True)
    assert positions(bench) == ["Mühasib"]
    assert bench.rows("SELECT body FROM desk.letter_body") == [sealed]

    shown = bench.show(letter_id)
    (correction,) = shown["corrections"]
    assert (correction["editor"], correction["decided_by"]) == ("aysel", "behruz")
    assert (correction["reason"], correction["record_state"]) == ("a wrong position", "written")
    (fact,) = bench.rows("SELECT record_id, causation_id FROM registry.employment_contract")
    assert fact["causation_id"] == shown["message_id"]
    assert fact["record_id"] == correction["record_id"]
    acts = [(act["actor"], act["action"]) for act in shown["acts"] if act["action"] != "viewed"]
    assert acts == [
        ("aysel", "body-viewed"), ("aysel", "corrected"), ("behruz", "approved"), ("aysel", "sent"),
    ]  # fmt: skip


def test_a_plain_replay_is_received_again_and_written(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    assert bench.replay([letter_id]).sent == 1
    assert (bench.log(), bench.balanced(), bench.letter_states()) == (
        {"received": 1},
        True,
        ["sent"],
    )
    bench.settle_down()
    assert (bench.log(), bench.balanced()) == ({"written": 1}, True)
    assert bench.letter_states() == ["settled"]


def test_a_replayed_message_that_fails_again_returns_with_its_history(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    bench.unfit = lambda event: True
    bench.replay([letter_id], reason="it was mended")
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["letter_id"].hex, letter["failures"], letter["replays"]) == (letter_id, 2, 1)
    shown = bench.show(letter_id)
    assert [f["replay"] for f in shown["failures"]] == ["", f"{letter_id}.1"]
    assert [r["operator"] for r in shown["replays"]] == ["aysel"]
    assert (bench.log(), bench.balanced()) == ({"parked": 1}, True)


def test_a_correction_that_fails_again_is_a_letter_that_names_what_it_corrects(
    bench: DeskBench,
) -> None:
    letter_id = park_one(bench)
    content = corrected(bench, letter_id, position="Mühasib")
    made = bench.desk.correct(bench.tokens["aysel"], letter_id, content, "why")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.unfit = lambda event: True
    bench.replay([letter_id])
    bench.settle_down()
    (child,) = bench.letters(state=Stand.PARKED)
    assert child["corrects"].hex == letter_id
    assert [each["letter_id"] for each in bench.show(letter_id)["corrected_by"]] == [
        child["letter_id"]
    ]
    assert (bench.log(), bench.balanced()) == ({"replaced": 1, "parked": 1}, True)


def test_a_lost_correction_is_published_again_by_the_relay(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    content = corrected(bench, letter_id, position="Mühasib")
    made = bench.desk.correct(bench.tokens["aysel"], letter_id, content, "why")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.replay([letter_id])
    bench.taken("registry.writer.live")
    bench.later(minutes=2)
    assert bench.relay.step(bench.now) == 1
    bench.settle_down()
    assert (bench.log(), bench.balanced()) == ({"replaced": 1, "written": 1}, True)


def test_a_discarded_letter_stays_discarded_in_the_ledger(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    with pytest.raises(Declined, match="reason-missing"):
        bench.desk.discard(bench.tokens["aysel"], [letter_id], " ")
    assert bench.desk.discard(bench.tokens["aysel"], [letter_id], "a test message") == 1
    assert (bench.log(), bench.balanced()) == ({"discarded": 1}, True)
    assert bench.replay([letter_id]).passed == {"closed": 1}
    assert bench.desk.discard(bench.tokens["behruz"], [letter_id], "again") == 0
    bench.send("labour", CONTRACT)
    bench.settle_down()
    assert (bench.log(), bench.balanced(), positions(bench)) == ({"discarded": 1}, True, [])


def test_a_message_that_could_not_be_read_is_replaced_by_its_records_once_it_can(
    bench: DeskBench,
) -> None:
    broken_health(bench)
    bench.send("health", BIRTHS, content_type="application/xml")
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["record_type"], letter["cause"]) == ("message", "normalizer-KeyError")
    assert (bench.log(), bench.balanced()) == ({"parked": 1}, True)

    bench.replay([letter["letter_id"].hex])
    bench.settle_down()
    assert (bench.letters()[0]["failures"], bench.log(), bench.balanced()) == (
        2, {"parked": 1}, True,
    )  # fmt: skip

    bench.crash()
    bench.start()
    bench.replay([letter["letter_id"].hex])
    assert bench.balanced()
    bench.settle_down()
    log = bench.log()
    assert log.pop("replaced") == 1
    assert set(log) <= {"written", "unchanged", "superseded"}
    assert bench.balanced()
    assert bench.letter_states() == ["settled"]


def test_a_raw_document_is_corrected_and_read_as_a_message_of_its_own(bench: DeskBench) -> None:
    broken_health(bench)
    bench.send("health", BIRTHS, content_type="application/xml")
    bench.settle_down()
    bench.crash()
    bench.start()
    (letter,) = bench.letters()
    letter_id = letter["letter_id"].hex
    with pytest.raises(Declined, match="correction-content: xml-syntax"):
        bench.desk.correct(bench.tokens["aysel"], letter_id, b"<x", "why")
    content = BIRTHS.replace(b"\n", b"\n\n", 1)
    made = bench.desk.correct(bench.tokens["aysel"], letter_id, content, "why")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.replay([letter_id])
    assert bench.balanced()
    bench.settle_down()
    log = bench.log()
    assert log.pop("replaced") == 2
    assert set(log) <= {"written", "unchanged", "superseded"}
    assert (bench.balanced(), bench.letter_states()) == (True, ["replaced"])
    facts = bench.rows("SELECT causation_id FROM registry.vital_event_notice")
    assert {fact["causation_id"] for fact in facts} == {letter_id}


def test_what_was_written_meanwhile_is_not_sent_again(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    bench.send("labour", CONTRACT)
    bench.settle_down()
    assert bench.log() == {str(State.WRITTEN): 1}
    assert bench.replay([letter_id]).passed == {"already-settled": 1}
    assert bench.letter_states() == ["settled"]
