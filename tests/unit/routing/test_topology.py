from __future__ import annotations

import pytest

from routing.topology import Binding, DeadLetter, Exchange, Queue, Rung, Topology, topology

MINISTRIES = ("alpha", "beta")


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5), ("2m", 120), ("1h", 3600)])
def test_a_rung_is_read_from_its_name(text: str, seconds: int) -> None:
    assert Rung.parse(text) == Rung(text, seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "1d", "999999s"])
def test_anything_else_is_no_rung(text: str) -> None:
    with pytest.raises(ValueError, match="a rung is"):
        Rung.parse(text)


def test_every_name_on_the_wire_is_there() -> None:
    laid_out = topology(MINISTRIES, rungs=(Rung("5s", 5),))
    assert {queue.name for queue in laid_out.queues} >= {
        "intake.alpha.live",
        "intake.beta.bulk",
        "dead.intake.beta.bulk",
        "registry.writer.live",
        "dead.registry.writer.live",
        "intake.unrouted",
        "canonical.unrouted",
        "notice.alpha",
        "receipt.beta",
        "retry.5s",
    }
    assert Exchange("intake.alpha", "direct", "intake.unrouted") in laid_out.exchanges
    assert Exchange("canonical", "topic", "canonical.unrouted") in laid_out.exchanges
    assert Binding("intake.alpha", "intake.alpha.live", "live") in laid_out.bindings
    assert Binding("intake.ehis", "intake.beta.bulk", "beta.bulk") in laid_out.bindings
    assert Binding("canonical", "registry.writer.bulk", "bulk.#") in laid_out.bindings


def test_nothing_is_laid_out_twice_and_nothing_refers_to_what_is_not_there() -> None:
    laid_out = topology(MINISTRIES)
    queues = [queue.name for queue in laid_out.queues]
    exchanges = [exchange.name for exchange in laid_out.exchanges]
    assert len(queues) == len(set(queues))
    assert len(exchanges) == len(set(exchanges))
    assert {binding.queue for binding in laid_out.bindings} <= set(queues)
    assert {binding.exchange for binding in laid_out.bindings} <= set(exchanges)
    assert {e.alternate for e in laid_out.exchanges if e.alternate} <= set(exchanges)
    targets = {q.dead_letter.routing_key for q in laid_out.queues if q.dead_letter}
    assert targets - {None} <= set(queues)


def test_every_queue_states_its_delivery_limit_and_loses_nothing_when_it_is_reached() -> None:
    for queue in topology(MINISTRIES).queues:
        arguments = queue.arguments
        assert arguments["x-queue-type"] == "quorum"
        limit = arguments["x-delivery-limit"]
        assert isinstance(limit, int)
        if limit < 1_000_000:
            assert arguments["x-dead-letter-strategy"] == "at-least-once"
            assert arguments["x-overflow"] == "reject-publish"
            assert arguments["x-dead-letter-routing-key"] == f"dead.{queue.name}"


def test_a_waiting_room_sends_back_by_the_message_s_own_key() -> None:
    rooms = [q for q in topology((), rungs=(Rung("2m", 120),)).queues if q.ttl]
    assert [room.name for room in rooms] == ["retry.2m", "retry.2m.2", "retry.2m.3"]
    assert [room.arguments["x-message-ttl"] for room in rooms] == [120_000, 132_000, 144_000]
    for room in rooms:
        assert room.arguments["x-dead-letter-exchange"] == ""
        assert "x-dead-letter-routing-key" not in room.arguments


def test_what_failed_together_is_spread_over_the_rooms_of_a_rung_each_always_the_same() -> None:
    rung = Rung("2m", 120)
    chosen = [rung.room_of(f"m-{number}") for number in range(300)]
    assert chosen == [rung.room_of(f"m-{number}") for number in range(300)]
    assert set(chosen) == set(rung.staggered())
    assert max(map(chosen.count, rung.staggered())) < 150


def test_topologies_add_up() -> None:
    one = Topology((Exchange("x", "fanout"),), (Queue("q"),), (Binding("x", "q"),))
    two = Topology(queues=(Queue("r", DeadLetter("", "q")),))
    assert (one + two).queues == (Queue("q"), Queue("r", DeadLetter("", "q")))
    assert (one + two).exchanges == one.exchanges
