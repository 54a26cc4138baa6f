"""The live path does not become dearer unnoticed."""

from __future__ import annotations

import pytest

from benchmarks import regression, servers
from tests.support.postgres import PostgresServer
from tests.support.rabbitmq import Broker

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(600)]


def test_a_record_costs_no_more_over_a_bare_forward_than_it_did(
    broker: Broker, postgres: PostgresServer
) -> None:
    found, measure = servers.found(broker, postgres), regression.kept()
    ratio = regression.measured(found)
    if measure.complaint(ratio):  # a second look: only what is dearer every time is dearer
        ratio = min(ratio, regression.measured(found))
    assert measure.complaint(ratio) is None
