"""Dead queues drain into the store: once each, with their history, whatever they hold."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.deadletters.handler import DeskHandler
from hub.deadletters.letter import State
from hub.deadletters.queries import Filter
from hub.store.database import Database, Transaction
from routing import keys
from routing.message import ATTEMPTS, CAUSE, Message
from routing.observer import Unobserved
from routing.parking import EXPLANATION, PARKED_AT
from schemas.errors import RetryLater
from tests.support.desk_bench import DeskBench, of_person

pytestmark = pytest.mark.database

DEAD = "dead.registry.writer.live"


def bury(bench: DeskBench, body: bytes, message_id: str = "x", **headers: Any) -> None:
    """Put a message into a dead queue behind the hub's back."""
    message = Message(keys.DEFAULT, DEAD, body, message_id, "application/json", headers)
    bench.bus.publisher().publish([message])


def test_a_letter_delivered_twice_is_one_letter_and_one_failure(bench: DeskBench) -> None:
    for _ in range(3):
        bury(bench, b"[", **{CAUSE: "canonical-batch", PARKED_AT: "2026-03-02T05:00:00+00:00"})
    bench.settle_down()
    later: dict[str, Any] = {PARKED_AT: "2026-03-02T06:00:00+00:00", ATTEMPTS: 4}
    bury(bench, b"[", **{CAUSE: "other"}, **later)
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["failures"], letter["deliveries"], letter["cause"]) == (2, 4, "other")
    assert [f["attempts"] for f in bench.show(letter["letter_id"].hex)["failures"]] == [0, 4]


def test_a_desk_that_dies_before_the_ack_keeps_the_letter_once(bench: DeskBench) -> None:
    bury(bench, b"[", **{PARKED_AT: "2026-03-02T05:00:00+00:00"})
    taken = bench.desk_subscription.receive(10, 0)
    bench.drain._handler.handle(taken, bench.now)
    bench.desk_subscription.drop_connection()
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["failures"], letter["deliveries"]) == (1, 2)
    assert bench.bus.depths([DEAD]) == {DEAD: 0}


def test_a_late_delivery_of_an_old_failure_does_not_recall_what_was_sent(
    bench: DeskBench,
) -> None:
    bench.park(of_person(1, 1))
    late = bench.rows("SELECT body FROM desk.letter_body")[0]["body"]
    bench.replay()
    bury(
        bench, zlib.decompress(late), of_person(1, 1).id, **{PARKED_AT: "2026-03-02T04:00:00+00:00"}
    )
    bench.drain.step(threading.Event(), 0)
    assert bench.letter_states() == ["sent"]
    bench.settle_down()
    assert (bench.letter_states(), bench.log()) == (["settled"], {"written": 1})


def test_the_body_is_sealed_as_it_came(bench: DeskBench) -> None:
    body = b"\x00\xff not json"
    bury(bench, body, "odd\x00id", **{CAUSE: "c\x00ause", EXPLANATION: "a\x1b[31m text"})
    bench.settle_down()
    (row,) = bench.rows(
        "SELECT body, body_sha256, cause, explanation FROM desk.letter JOIN desk.letter_body"
        " USING (letter_id)"
    )
    assert zlib.decompress(row["body"]) == body
    assert row["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert (row["cause"], row["explanation"]) == ("c�ause", "a�[31m text")


def test_what_the_brokers_safety_net_caught_is_parked_in_the_record_log(bench: DeskBench) -> None:
    bench.park(of_person(1, 1))
    bench.replay()
    (taken,) = bench.taken("registry.writer.live")
    headers = dict(taken.headers) | {"x-first-death-reason": "delivery_limit"}
    bury(bench, taken.body, taken.message_id, **headers)
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["state"], letter["cause"]) == (State.PARKED, "broker-delivery_limit")
    assert bench.log() == {"parked": 1}


def test_letters_group_by_ministry_cause_and_field(bench: DeskBench) -> None:
    bench.unfit = lambda event: True
    for number in (1, 2):
        bench.park(of_person(number, 1))
    bury(bench, b"[", **{CAUSE: "x", EXPLANATION: "person.dateOfBirth: date_type"})
    bench.settle_down()
    groups = bench.desk.groups(bench.tokens["aysel"])
    assert [(g["ministry"], g["cause"], g["field"], g["letters"]) for g in groups] == [
        ("interior", "defect-KeyError", "", 2),
        ("unknown", "x", "person.dateOfBirth", 1),
    ]


def test_pages_follow_each_other_without_gap_or_overlap(bench: DeskBench) -> None:
    for number in range(7):
        bury(bench, b"[", f"m{number}")
    bench.settle_down()
    seen: list[str] = []
    while page := bench.desk.letters(
        bench.tokens["aysel"],
        Filter(state=State.PARKED),
        most=3,
        after=seen[-1] if seen else None,
    ):
        seen += [row["letter_id"].hex for row in page]
    assert len(seen) == len(set(seen)) == 7


class Recording(Unobserved):
    """Remembers the level of each gauge by its label."""

    def __init__(self) -> None:
        self.levels: dict[str, float] = {}

    def gauge(self, name: str, value: float, **labels: str) -> None:
        if name == "dead_letters_waiting":
            self.levels[labels["ministry"]] = value


def test_what_waits_is_measured_and_goes_back_to_nothing(bench: DeskBench) -> None:
    observer = Recording()
    handler = DeskHandler("desk-2", bench.connect(), observer)
    bench.park(of_person(1, 1))
    handler.idle(bench.now)
    assert observer.levels == {"interior": 1}
    (letter,) = bench.letters()
    bench.desk.discard(bench.tokens["aysel"], [letter["letter_id"].hex], "why")
    handler.idle(bench.now)
    assert observer.levels == {"interior": 1}
    bench.later(minutes=2)
    handler.idle(bench.now)
    assert observer.levels == {"interior": 0}


def test_a_lost_race_is_waited_out_and_the_letter_keeps_what_it_knows(bench: DeskBench) -> None:
    class Racing(Database):
        """Loses the races of the first two transactions."""

        races = 2

        @contextmanager
        def transaction(self) -> Iterator[Transaction]:
            self.races -= 1
            if self.races >= 0:
                raise RetryLater("lost race")
            with super().transaction() as tx:
                yield tx

    database = Racing(bench.url)
    bench.opened.append(database)
    bench.drain._handler = DeskHandler("desk-2", database, Unobserved())
    bench.park(of_person(1, 1))
    (letter,) = bench.letters()
    assert (letter["ministry"], letter["records"]) == ("interior", ["parked"])


def test_a_letter_is_found_by_message_record_or_subject(bench: DeskBench) -> None:
    wanted = of_person(1, 1)
    bench.park(wanted, of_person(2, 1))
    for text in (wanted.id, wanted.subject):
        (found,) = bench.letters(find=text)
        assert found["message_id"] == wanted.id
    assert bench.letters(find="no such thing") == []
