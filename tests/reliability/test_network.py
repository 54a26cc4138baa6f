"""A network that is cut, slow, silent or half-open between the hub and the broker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.reliability.stage import Stage
from tests.support.buses import through
from tests.support.proxy import Proxy

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.broker,
    pytest.mark.database,
    pytest.mark.timeout(900),
]

IMPATIENT = "heartbeat=2&stack_timeout=3&socket_timeout=3"


def cut(proxy: Proxy) -> None:
    proxy.cut()


def slow(proxy: Proxy) -> None:
    proxy.slow(0.02)


def silence_for_longer_than_the_heartbeat(proxy: Proxy) -> None:
    proxy.silence()
    threading.Timer(5, proxy.resume).start()


def orphan(proxy: Proxy) -> None:
    proxy.orphan()


@pytest.mark.parametrize("harm", [cut, slow, silence_for_longer_than_the_heartbeat, orphan])
def test_a_bad_network_changes_nothing(
    stage: Callable[..., Stage], broker_url: str, proxy: Proxy, harm: Callable[[Proxy], None]
) -> None:
    played = stage(direct_url=broker_url, broker_url=through(proxy, broker_url, IMPATIENT))
    with played.under_load():
        played.wait_for(0.2)
        harm(proxy)
    assert played.problems() == []
    assert played.attempts() == 0
