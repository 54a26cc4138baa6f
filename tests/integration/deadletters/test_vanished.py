"""Records that reading their message again no longer gives: a person sees them, and can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from connectors._kit.contract import Item, RawMessage, Rules
from hub.intake.relay import Relay
from routing import keys
from routing.topology import topology
from schemas.errors import Refused, Stop
from tests.support.desk_bench import CONTRACT, DeskBench, park_one
from tests.support.intake_bench import Bench

pytestmark = pytest.mark.database

WRITER = "registry.writer.live"


def changed(relay: Relay) -> Relay:
    """The relay with a connector of Labour that reads no message any more."""

    def refuse(raw: RawMessage, rules: Rules) -> Iterator[Item]:
        raise Refused("required", "", "a newer rule")

    labour = replace(relay.connectors["labour"], normalize=refuse)
    return replace(relay, connectors=dict(relay.connectors) | {"labour": labour})


def lose_one(bench: Bench) -> None:
    """Let the canonical message of the one record vanish behind the hub's back."""
    bench.send("labour", CONTRACT)
    bench.work()
    bench.taken(WRITER)
    bench.later(minutes=2)


def test_a_record_that_cannot_be_made_again_is_a_letter_and_can_be_replayed(
    bench: DeskBench,
) -> None:
    lose_one(bench)
    changed(bench.relay).step(bench.now)
    assert (bench.log(), bench.balanced()) == ({"parked": 1}, True)
    bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["cause"], letter["origin"]) == ("relay-cannot-reproduce", "intake.labour.live")
    assert [each["state"] for each in bench.show(letter["letter_id"].hex)["records"]] == ["parked"]

    assert bench.replay([letter["letter_id"].hex]).sent == 1
    bench.settle_down()
    assert (bench.log(), bench.letter_states()) == ({"written": 1}, ["settled"])
    assert bench.balanced()


def test_one_that_is_sent_again_in_vain_comes_back_with_its_history(bench: DeskBench) -> None:
    lose_one(bench)
    changed(bench.relay).step(bench.now)
    bench.settle_down()
    (letter,) = bench.letters()
    bench.replay([letter["letter_id"].hex])
    bench.taken("intake.labour.live")
    for _ in range(2):
        bench.later(minutes=2)
        changed(bench.relay).step(bench.now)
        bench.settle_down()
    (letter,) = bench.letters()
    assert (letter["state"], letter["failures"], letter["replays"]) == ("parked", 2, 1)
    assert (bench.log(), bench.balanced()) == ({"parked": 1}, True)


def test_a_correction_that_cannot_be_made_again_comes_back_to_its_own_queue(
    bench: DeskBench,
) -> None:
    letter_id = park_one(bench)
    aysel = bench.tokens["aysel"]
    body = orjson.loads(bench.desk.show(aysel, letter_id, with_body=True)["body"])
    content = orjson.dumps(body | {"position": "Mühasib"})
    made = bench.desk.correct(aysel, letter_id, content, "why")
    bench.desk.decide(bench.tokens["behruz"], made["correction_id"], approve=True)
    bench.replay([letter_id])
    bench.taken(WRITER)
    bench.rows("UPDATE evidence.record_log SET record_id = gen_random_uuid()"
               " WHERE state = 'received' RETURNING 1")  # fmt: skip
    bench.later(minutes=2)
    bench.relay.step(bench.now)
    bench.settle_down()
    origins = {row["origin"] for row in bench.letters() if row["cause"] == "relay-cannot-reproduce"}
    assert origins == {WRITER}


def test_without_the_sealed_bytes_a_record_ends_as_unaccounted_and_not_as_parked(
    bench: DeskBench,
) -> None:
    lose_one(bench)
    with bench.database.transaction() as tx:
        tx.execute("SET LOCAL session_replication_role = replica")  # past the append-only trigger
        assert tx.execute("DELETE FROM evidence.journal_body") == 1
    for _ in range(4):
        bench.relay.step(bench.now)
        bench.later(minutes=2)
    assert bench.log() == {"received": 1}
    assert bench.ledger().unaccounted == 1


def test_a_ministry_that_is_no_more_has_its_letters_with_what_was_never_routed(
    bench: DeskBench,
) -> None:
    lose_one(bench)
    others = {name: each for name, each in bench.connectors.items() if name != "labour"}
    replace(bench.relay, connectors=others).step(bench.now)
    bench.settle_down()
    (letter,) = bench.letters()
    assert letter["origin"] == keys.INTAKE_UNROUTED


def test_nothing_is_called_parked_while_there_is_nowhere_to_put_it(bench: DeskBench) -> None:
    lose_one(bench)
    bench.bus.broker.delete_queue("dead.intake.labour.live")
    with pytest.raises(Stop, match="nowhere to put"):
        changed(bench.relay).step(bench.now)
    assert bench.log() == {"received": 1}
    bench.bus.broker.declare(topology(bench.connectors))
    changed(bench.relay).step(bench.now)
    assert bench.log() == {"parked": 1}
