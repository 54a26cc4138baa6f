"""Replays: once, in order, not over newer data, at a limited rate, whatever fails in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hub.deadletters.letter import State
from hub.deadletters.queries import Filter
from hub.evidence import operators
from hub.evidence.declined import Declined
from hub.store.database import Database, Transaction
from routing.message import Message
from schemas.envelope import Event, Operation, decode_batch
from schemas.errors import Stop
from tests.integration.registry.events import contract, event
from tests.support.desk_bench import (
    BIRTHS,
    EVERYTHING,
    DeskBench,
    broken_health,
    of_person,
    park_one,
)

pytestmark = pytest.mark.database

WRITER = "registry.writer.live"


def on_the_bus(bench: DeskBench) -> list[Event]:
    return [each for taken in bench.taken(WRITER) for each in decode_batch(taken.body)]


def test_pressed_twice_at_once_by_two_operators_it_is_published_once(bench: DeskBench) -> None:
    bench.park(*(of_person(number, 1) for number in range(1, 9)))
    barrier, runs = threading.Barrier(2), []
    replayers = [(bench.replayer(), bench.tokens[name]) for name in ("aysel", "behruz")]

    def press(place: int) -> None:
        replayer, token = replayers[place]
        barrier.wait(60)
        runs.append(replayer.replay(token, EVERYTHING))

    threads = [threading.Thread(target=press, args=[place]) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(run.sent for run in runs) == 8
    assert len(on_the_bus(bench)) == 8
    assert bench.rows("SELECT max(number) AS n FROM desk.replay") == [{"n": 1}]


def test_one_and_then_its_group_publishes_once(bench: DeskBench) -> None:
    bench.park(of_person(1, 1), of_person(2, 1))
    first, *_ = bench.letters()
    assert bench.replay([first["letter_id"].hex]).sent == 1
    assert bench.replay(Filter(ministry="interior", cause="defect-KeyError", field="")).sent == 1
    assert bench.replay([first["letter_id"].hex]).passed == {"under-way": 1}
    assert len(on_the_bus(bench)) == 2


def test_each_subject_comes_in_its_original_order_however_it_was_parked(bench: DeskBench) -> None:
    parked = [of_person(n, version) for version in (3, 1, 2) for n in (2, 1)]
    bench.park(*parked)
    replayer = replace(bench.replayer(), per_second=2)
    replayer.stop.wait = lambda timeout=None: False  # type: ignore[method-assign]
    assert replayer.replay(bench.tokens["aysel"], EVERYTHING).sent == 6
    sent = on_the_bus(bench)
    for subject in {each.subject for each in sent}:
        assert [each.version for each in sent if each.subject == subject] == [1, 2, 3]


def test_newer_data_holds_a_letter_back_marks_it_and_can_be_overruled(bench: DeskBench) -> None:
    bench.park(of_person(1, 1, "Misal"))
    bench.park(of_person(1, 2, "Örnək"))
    newer, older = bench.letters()
    bench.replay([newer["letter_id"].hex])
    bench.settle_down()

    (preview,) = bench.desk.preview(bench.tokens["aysel"], [older["letter_id"].hex])
    assert preview["verdict"] == "newer-data"
    assert [each["outcome"] for each in preview["effects"]] == ["superseded"]

    assert bench.replay(EVERYTHING).passed == {"newer-data": 1}
    (held,) = bench.letters(state=State.PARKED)
    assert (held["mark"], bench.log()) == ("newer-data", {"parked": 1, "written": 1})
    assert on_the_bus(bench) == []

    assert bench.replay(EVERYTHING, even_if_newer=True).sent == 1
    bench.settle_down()
    assert bench.log() == {"superseded": 1, "written": 1}


def test_a_dry_run_shows_the_difference_and_changes_nothing(bench: DeskBench) -> None:
    bench.park(of_person(1, 1, "Misal"))
    bench.replay()
    bench.settle_down()
    bench.park(of_person(1, 2, "Örnək"))
    (preview,) = bench.desk.preview(bench.tokens["aysel"], EVERYTHING)
    (effect,) = preview["effects"]
    assert (preview["verdict"], effect["outcome"]) == ("send", "written")
    assert effect["changes"] == ({"path": "givenName", "before": "Misal", "after": "Örnək"},)
    assert on_the_bus(bench) == []
    assert bench.letters(state=State.PARKED)[0]["replays"] == 0


class Dying(Database):
    """Dies in the transaction whose turn it is."""

    dies_at = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.dies_at -= 1
        if self.dies_at == 0:
            raise SystemExit
        with super().transaction() as tx:
            yield tx


def dying(bench: DeskBench, at: int) -> Dying:
    database = Dying(bench.url)
    bench.opened.append(database)
    database.dies_at = at
    return database


BEGIN, PAGE, CLAIM, NOTE = 1, 2, 3, 4


def test_a_crash_between_publish_and_note_does_not_double(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    replayer = bench.replayer(database=dying(bench, NOTE))
    with pytest.raises(SystemExit):
        replayer.replay(bench.tokens["aysel"], EVERYTHING)
    assert (bench.letter_states(), bench.balanced()) == (["sending"], True)
    assert bench.replay([letter_id]).passed == {"under-way": 1}
    assert bench.replay(EVERYTHING).sent == 0
    assert bench.bus.depths([WRITER]) == {WRITER: 1}
    bench.settle_down()
    assert (bench.log(), bench.letter_states()) == ({"written": 1}, ["settled"])


class Gone:
    """A publisher that dies before it publishes."""

    def publish(self, messages: Sequence[Message]) -> None:
        raise SystemExit

    def close(self) -> None: ...


def test_a_crash_between_claim_and_publish_loses_nothing(bench: DeskBench) -> None:
    letter_id = park_one(bench)
    with pytest.raises(SystemExit):
        bench.replayer(publisher=Gone()).replay(bench.tokens["aysel"], [letter_id])
    assert (bench.log(), bench.balanced()) == ({"received": 1}, True)
    assert bench.replay([letter_id]).passed == {"under-way": 1}
    bench.later(minutes=2)
    bench.relay.step(bench.now)
    bench.settle_down()
    assert (bench.log(), bench.letter_states()) == ({"written": 1}, ["settled"])


def test_a_raw_letter_that_was_never_published_comes_back_in_doubt(bench: DeskBench) -> None:
    broken_health(bench)
    bench.send("health", BIRTHS, content_type="application/xml")
    bench.settle_down()
    with pytest.raises(SystemExit):
        bench.replayer(publisher=Gone()).replay(bench.tokens["aysel"], EVERYTHING)
    bench.settle_down()
    assert bench.letter_states() == ["sending"]
    assert bench.balanced()
    bench.later(minutes=2)
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["state"], letter["mark"]) == ("parked", "in-doubt")


def test_a_missing_origin_queue_stops_the_run_and_says_so(bench: DeskBench) -> None:
    bench.park(of_person(1, 1))
    bench.bus.broker.delete_queue(WRITER)
    with pytest.raises(Stop, match="nowhere to send"):
        bench.replay()
    (run,) = bench.desk.status(bench.tokens["aysel"])["runs"]
    assert (run["ending"], run["sent"], run["total"]) == ("failed", 0, 1)


class Noting(threading.Event):
    """Never set; notes how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


def test_the_rate_is_kept_and_progress_is_told_step_by_step(bench: DeskBench) -> None:
    bench.park(*(of_person(n, 1) for n in range(1, 6)))
    stop, told = Noting(), list[tuple[int, int]]()
    replayer = bench.replayer(per_second=2, stop=stop)
    replayer.replay(bench.tokens["aysel"], EVERYTHING, progress=lambda *done: told.append(done))
    assert stop.waits == [1.0, 1.0, 0.5]
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_a_stopped_run_leaves_the_rest_for_the_next(bench: DeskBench) -> None:
    bench.park(*(of_person(n, 1) for n in range(1, 6)))
    replayer = bench.replayer(per_second=2)
    replayer.stop.set()
    assert replayer.replay(bench.tokens["aysel"], EVERYTHING).sent == 2
    (run, *_) = bench.desk.status(bench.tokens["aysel"])["runs"]
    assert run["ending"] == "interrupted"
    assert bench.replay().sent == 3


def test_a_revoked_token_ends_a_running_replay_at_its_next_step(bench: DeskBench) -> None:
    bench.park(*(of_person(n, 1) for n in range(1, 6)))

    class Revoking(Noting):
        def wait(self, timeout: float | None = None) -> bool:
            with bench.database.transaction() as tx:
                operators.revoke(tx, "aysel", bench.tokens["root"], bench.now)
            return super().wait(timeout)

    with pytest.raises(Declined, match="not-authenticated"):
        bench.replayer(per_second=2, stop=Revoking()).replay(bench.tokens["aysel"], EVERYTHING)
    assert len(on_the_bus(bench)) == 2


def test_an_annulment_is_previewed_as_what_it_does(bench: DeskBench) -> None:
    created = event("employment_contract", contract(1, "TST0001", "Usta"), ministry="labour",
                    message_id="m-1", version=1)  # fmt: skip
    annulled = event("employment_contract", contract(1, "TST0001", "Usta"), ministry="labour",
                     message_id="m-2", version=2, operation=Operation.ANNUL)  # fmt: skip
    bench.park(created)
    bench.replay()
    bench.settle_down()
    bench.park(annulled)
    (preview,) = bench.desk.preview(bench.tokens["aysel"], EVERYTHING)
    (effect,) = preview["effects"]
    assert (effect["standing_before"], effect["standing_after"]) == ("active", "annulled")
    letter = bench.letters(state=State.PARKED)[0]["letter_id"].hex
    with pytest.raises(Declined, match="correction-subject"):
        bench.desk.correct(bench.tokens["aysel"], letter, b"{}", "why")
