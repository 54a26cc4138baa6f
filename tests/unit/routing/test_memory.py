"""What the contract leaves open, or cannot show on a real broker."""

from __future__ import annotations

import pytest

from routing.memory import MemoryBus
from routing.message import Message
from routing.topology import Binding, DeadLetter, Exchange, Queue, Topology

AWAY = Queue("away", DeadLetter(""), ttl=10)


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("#", "a.b", True),
        ("live.#", "live", True),
        ("live.#", "live.c412.person", True),
        ("live.#", "bulk.c412", False),
        ("*.c412.*", "live.c412.person", True),
        ("*.c412.*", "live.c412.person.v1", False),
        ("#.interior", "live.c412.person.v1.interior", True),
        ("live.*", "live", False),
        ("live", "live.x", False),
    ],
)
def test_topic_patterns_match_as_in_amqp(pattern: str, key: str, expected: bool) -> None:
    topology = Topology(
        (Exchange("t", "topic", "rest"), Exchange("rest", "fanout")),
        (Queue("q"), Queue("other")),
        (Binding("t", "q", pattern), Binding("rest", "other")),
    )
    bus = MemoryBus(topology)
    bus.publisher().publish([Message("t", key, b"", "m", "")])
    assert bus.depths(["q", "other"]) == {"q": int(expected), "other": int(not expected)}


def test_what_expires_with_nowhere_to_go_waits_for_its_queue() -> None:
    now = [0.0]
    bus = MemoryBus(Topology(queues=(AWAY,)), clock=lambda: now[0])
    bus.publisher().publish([Message("", "away", b"", "m", "")])
    now[0] = 11
    assert bus.depths(["away"]) == {"away": 1}


def test_a_receiver_wakes_when_a_message_expires_into_its_queue() -> None:
    quick = Queue("home", DeadLetter("", "target"), ttl=0.05)
    bus = MemoryBus(Topology(queues=(quick, Queue("target"))))
    bus.publisher().publish([Message("", "home", b"", "m", "")])
    assert bus.subscribe(["target"], prefetch=1).receive(1, 10)
