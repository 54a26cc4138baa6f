"""What ``doctor`` says of a broker that is down, and of one that is busy."""

from __future__ import annotations

import pytest

from hub import health
from hub.health import Level
from hub.settings import Settings
from routing import control
from routing.topology import Topology
from schemas.errors import Slow, Unavailable


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (Slow("broker: no answer in time; it is slow, not down"), Level.WARNING),
        (Unavailable("broker: connection refused"), Level.ERROR),
    ],
)
def test_a_broker_that_is_busy_is_not_said_to_be_down(
    monkeypatch: pytest.MonkeyPatch, error: Unavailable, level: Level
) -> None:
    def check(*_: object) -> None:
        raise error

    monkeypatch.setattr(control, "check", check)
    settings = Settings(broker_url="amqp://guest:guest@127.0.0.1/")
    found = health.examine(settings, Topology())
    (broker,) = (each for each in found if each.subject == "broker")
    assert broker.level is level
    assert str(error) in broker.text
    assert ("start RabbitMQ" in broker.remedy) is (level is Level.ERROR)
