"""A broker that is restarted, idle and under load, killed, or out of memory; queues that lose
their leader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reliability.stage import Stage, Traffic
from tests.support.private_broker import PrivateBroker

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]


def restart(node: PrivateBroker) -> None:
    node.stop()
    node.start()


def test_restarting_the_broker_idle_and_under_load_changes_nothing(
    stage: Callable[..., Stage], shared_node: PrivateBroker
) -> None:
    played = stage(direct_url=shared_node.url, broker_url=shared_node.url)
    shared_node.settle()
    with played.working():
        restart(shared_node)
        with played.sending():
            played.wait_for(0.1)
            restart(shared_node)
        played.come_to_rest()
    assert played.problems() == []
    assert played.attempts() == 0


def test_killing_the_broker_under_load_changes_nothing(
    stage: Callable[..., Stage], shared_node: PrivateBroker, traffic: Traffic
) -> None:
    played = stage(direct_url=shared_node.url, broker_url=shared_node.url)
    shared_node.settle()
    kills = len(traffic.messages) // 1_000
    with played.under_load():
        for number in range(kills):
            played.wait_for(0.1 + 0.5 * number / kills)
            shared_node.kill()
            shared_node.start()
    assert played.problems() == []
    assert played.attempts() == 0


def test_a_queue_that_loses_its_leader_delays_and_loses_nothing(
    stage: Callable[..., Stage], shared_node: PrivateBroker
) -> None:
    played = stage(direct_url=shared_node.url, broker_url=shared_node.url)
    shared_node.settle()
    with played.under_load():
        for share in (0.2, 0.4, 0.6):
            played.wait_for(share)
            shared_node.kill_leaders("registry.writer.live", "intake.labour.live")
    assert played.problems() == []
    assert played.attempts() == 0
    restart(shared_node)  # a leader that died too often within seconds stays dead until then


def test_a_memory_alarm_delays_and_loses_nothing(
    stage: Callable[..., Stage], shared_node: PrivateBroker
) -> None:
    played = stage(direct_url=shared_node.url, broker_url=shared_node.url)
    watermark = shared_node.administration.run
    half = len(played.traffic.messages) // 2
    with played.working():
        with played.sending(played.traffic.messages[:half]):
            pass
        watermark("set_vm_memory_high_watermark", "0.000001")
        with played.sending(played.traffic.messages[half:]) as sender:
            played.until(lambda: shared_node.blocks, "connections that may not publish")
            delayed = sender.is_alive()
            watermark("set_vm_memory_high_watermark", "0.6")
        played.come_to_rest()
    assert delayed
    assert played.problems() == []
    assert played.attempts() == 0
