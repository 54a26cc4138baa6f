"""From a ministry's message to canonical events, with every record accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hub.evidence.record_log import State
from routing import keys
from routing.message import CAUSE
from routing.topology import LADDER
from schemas.errors import RetryLater
from tests.support import refusals
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

CONTRACT = sample("labour", "concluded.in.json")
MIXED = sample("labour", "refused-records.in.json")


def notices(bench: Bench, ministry: str = "labour") -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in bench.taken(keys.notice_queue(ministry))]


def test_a_message_becomes_canonical_events_and_is_acknowledged(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    (event,) = bench.canonical()
    assert event.type == "az.itsda.qovsaq.employment_contract.v1"
    assert (event.messageid, event.ordinal, event.ministry) == ("m-1", 0, "labour")
    assert bench.states() == [("received", None)]
    assert bench.bus.depths(["intake.labour.live"]) == {"intake.labour.live": 0}


def test_lanes_stay_apart(bench: Bench) -> None:
    bench.send("labour", CONTRACT, routing_key="bulk")
    bench.work()
    assert bench.canonical("live") == []
    assert len(bench.canonical("bulk")) == 1


def test_bad_records_are_refused_alone_and_the_sender_is_told_each_rule(bench: Bench) -> None:
    expected = json.loads(sample("labour", "refused-records.out.json"))
    refused = [item for item in expected if "refused" in item]
    bench.send("labour", MIXED)
    bench.work()
    found = notices(bench)
    assert len(found) == len({notice["rule"] for notice in found})
    told = {(r["ordinal"], n["rule"], r["field"]) for n in found for r in n["records"]}
    assert told == {(item["ordinal"], item["refused"], item["field"]) for item in refused}
    assert len(bench.canonical()) == len(expected) - len(refused)
    assert bench.ledger().balanced
    assert bench.rows("SELECT count(*) AS n FROM evidence.notice WHERE published_at IS NULL") == [
        {"n": 0}
    ]


def test_an_unreadable_message_is_one_refused_record_with_its_bytes_kept(bench: Bench) -> None:
    body = b'{"noticeId": "\xff'
    bench.send("labour", body)
    bench.send("labour", CONTRACT, "m-2")
    bench.work()
    assert sorted(bench.states()) == [("received", None), ("refused", "encoding")]
    assert len(bench.canonical()) == 1
    (line,) = [each for each in bench.ledger().lines if each.ministry == "labour"]
    assert (line.messages, line.received, line.settled[State.REFUSED]) == (2, 2, 1)


def test_the_same_message_again_is_published_again_until_it_has_an_outcome(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.work()
    (first,) = bench.canonical()
    bench.send("labour", CONTRACT)
    bench.work()
    (again,) = bench.canonical()
    assert again.id == first.id
    bench.rows("UPDATE evidence.record_log SET state = 'written' RETURNING 1")
    bench.send("labour", CONTRACT)
    bench.work()
    assert bench.canonical() == []
    assert bench.ledger().balanced


def test_another_body_under_a_used_id_is_refused_and_both_are_kept(bench: Bench) -> None:
    bench.send("labour", CONTRACT)
    bench.send("labour", CONTRACT.replace(b"{", b"{ ", 1))
    bench.work()
    assert sorted(bench.states()) == [("received", None), ("refused", "message-id-reused")]
    assert bench.rows("SELECT count(*) AS n FROM evidence.journal_body") == [{"n": 2}]
    assert [n["rule"] for n in notices(bench)] == ["message-id-reused"]


def test_a_wrong_routing_key_is_journalled_and_refused_with_a_notice(bench: Bench) -> None:
    bench.send("health", b"<x/>", routing_key="lve", content_type="application/xml")
    bench.work()
    assert bench.states() == [("refused", "unroutable-key")]
    (notice,) = notices(bench, "health")
    assert (notice["rule"], notice["messageId"]) == ("unroutable-key", "m-1")


def test_a_message_without_id_is_accepted_with_a_warning(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "")
    bench.work()
    (event,) = bench.canonical()
    assert event.messageid.startswith("sha256-")
    (notice,) = notices(bench)
    assert (notice["kind"], notice["rule"]) == ("warning", "message-id")


def test_a_crash_after_the_commit_and_before_publishing_loses_nothing(bench: Bench) -> None:
    class Cut:
        """A publisher that is gone when it is needed."""

        def publish(self, messages: object) -> None:
            raise SystemExit

        def close(self) -> None: ...

    bench.send("labour", MIXED)
    bench.crash()
    bench.start(publisher=Cut())
    with pytest.raises(SystemExit):
        bench.work()
    bench.crash()
    assert bench.canonical() == []
    bench.start()
    bench.work()
    accepted = sum("refused" not in item for item in _expected())
    assert len(bench.canonical()) == accepted
    assert bench.ledger().balanced


def _expected() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sample("labour", "refused-records.out.json"))
    return found


def test_a_normalizer_that_fails_unforeseen_parks_its_message_alone(bench: Bench) -> None:
    def broken(raw: object, rules: object) -> Any:
        raise KeyError("a defect")

    connectors = dict(bench.connectors) | {
        "health": replace(bench.connectors["health"], normalize=broken)
    }
    bench.crash()
    bench.start(connectors=connectors)
    bench.send("health", b"<x/>", "m-h", content_type="application/xml")
    bench.send("labour", CONTRACT, "m-l")
    bench.work()
    assert sorted(bench.states()) == [("parked", "normalizer-KeyError"), ("received", None)]
    (dead,) = bench.taken("dead.intake.health.live")
    assert (dead.body, dead.headers[CAUSE]) == (b"<x/>", "normalizer-KeyError")
    assert len(bench.canonical()) == 1
    assert bench.ledger().balanced


def test_a_message_that_keeps_failing_climbs_the_ladder_and_is_parked(bench: Bench) -> None:
    class Losing:
        """A publisher that always loses a race, except when putting aside."""

        def publish(self, messages: Any) -> None:
            if messages[0].exchange == keys.CANONICAL:
                raise RetryLater("lost race")
            bench.subscription.publish(messages)

        def close(self) -> None: ...

    bench.crash()
    bench.start(publisher=Losing())
    bench.send("labour", CONTRACT)
    waits = []
    for _ in range(6):
        bench.work()
        [(state, cause)] = bench.states()
        waits.append((state, str(cause).partition(".")[0]))
        bench.later(hours=2)
    assert waits[:5] == [("retrying", name) for name in ("5s", "30s", "2m", "10m", "1h")]
    assert waits[5] == ("parked", "retries-exhausted")
    (dead,) = bench.taken("dead.intake.labour.live")
    assert dead.body == CONTRACT
    assert bench.ledger().balanced


def test_what_cannot_be_noted_is_not_put_on_the_ladder_either(
    bench: Bench, database_url: str
) -> None:
    refusals.prepare(database_url)
    # The batch, the message, and the note that it waits; then both of the message again.
    refusals.refuse(database_url, "40001", times=5)
    bench.send("labour", CONTRACT)
    bench.work()
    assert bench.states() == [("received", None)]
    assert len(bench.canonical()) == 1
    rooms = [keys.retry_exchange(room.name) for rung in LADDER for room in rung.staggered()]
    assert set(bench.bus.depths(rooms).values()) == {0}


def test_a_suspect_that_keeps_killing_the_process_is_parked_and_its_neighbour_is_not(
    bench: Bench,
) -> None:
    bench.send("labour", CONTRACT, "m-poison")
    bench.send("labour", sample("labour", "unusual-identifiers.in.json"), "m-fine")
    for _ in range(4):
        reader = bench.bus.subscribe(["intake.labour.live"], prefetch=1)
        (first,) = reader.receive(1, 0)
        assert first.message_id == "m-poison"
        if first.redelivered:
            bench.handler.suspects.claim([first], bench.now)
        reader.close()
    bench.work()
    assert ("parked", "killed-process") in bench.states()
    (dead,) = bench.taken("dead.intake.labour.live")
    assert (dead.message_id, dead.headers[CAUSE]) == ("m-poison", "killed-process")
    assert bench.canonical() != []
    assert bench.rows("SELECT count(*) AS n FROM evidence.poison_claim") == [{"n": 0}]
    assert bench.ledger().balanced


def test_a_message_marked_as_a_test_says_so_in_each_of_its_events(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "m-1", headers={"test-mode": True})
    bench.send("labour", CONTRACT, "m-2", headers={"test-mode": "false"})
    bench.send("labour", CONTRACT, "m-3")
    bench.work()
    told = {event.messageid: event.testmode for event in bench.canonical()}
    assert told == {"m-1": True, "m-2": False, "m-3": False}


def test_a_mark_of_a_test_that_says_neither_yes_nor_no_is_refused(bench: Bench) -> None:
    bench.send("labour", CONTRACT, "m-1", headers={"test-mode": "perhaps"})
    bench.work()
    assert bench.states() == [("refused", "test-mode-value")]
    assert bench.canonical() == []


def test_a_test_that_was_lost_is_made_again_as_a_test(bench: Bench) -> None:
    bench.send("labour", CONTRACT, headers={"test-mode": "true"})
    bench.work()
    bench.canonical()
    bench.later(minutes=2)
    bench.relay.step(bench.now)
    assert [event.testmode for event in bench.canonical()] == [True]
