"""The yard on which plants are run, and the stage on which real servers are harmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.simulator.stream import stream
from tests.reliability.plant import Yard
from tests.reliability.stage import Stage, Traffic
from tests.support.buses import proxy_of
from tests.support.needs import SETTINGS, needing
from tests.support.postgres import PostgresServer
from tests.support.private_broker import PrivateBroker, running_private_broker
from tests.support.proxy import Proxy
from tests.support.undisturbed import exported, run_undisturbed

START = datetime(2026, 1, 15, tzinfo=UTC)
SEED = SETTINGS.seed
FAULTS = 0.05


@pytest.fixture(scope="session")
def seed() -> int:
    """What streams, moments and places are drawn from; QOVSAQ_TEST_SEED sets another one."""
    return SEED


@pytest.fixture
def yard(postgres: PostgresServer, template_database: str, tmp_path: Path) -> Yard:
    """Messages with many faults among them, and the registry they must lead to."""
    messages = list(stream(60, SEED + 4, 0.15, (), START))
    return Yard(postgres, template_database, messages, (), tmp_path).expecting(messages)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(1_000, id="short"),
        pytest.param(5_000, id="full", marks=pytest.mark.slow),
    ],
)
def traffic(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Traffic:
    """A stream, and the registry that it leads to where nothing goes wrong."""
    # Of two bodies under one id the first to arrive is the message: there the order does matter.
    messages = [
        sent for sent in stream(request.param, SEED, FAULTS, (), START) if sent.fault != "reused-id"
    ]
    name = f"{template_database}_calm{request.param}"
    url = postgres.create(name, template_database)
    try:
        run_undisturbed(messages, url, tmp_path_factory.mktemp("calm"))
        return Traffic(messages, exported(url))
    finally:
        postgres.drop(name)


@pytest.fixture
def stage(
    traffic: Traffic, broker_url: str, database_url: str, tmp_path: Path
) -> Iterator[Callable[..., Stage]]:
    """Makes a stage on the servers of this run; anything about it may be given."""

    def made(**given: Any) -> Stage:
        values = {
            "direct_url": broker_url,
            "broker_url": broker_url,
            "database_url": database_url,
        } | given
        stage = Stage(traffic, folder=tmp_path, **values)
        curtain.callback(stage.close)
        return stage

    with ExitStack() as curtain:
        yield made


@pytest.fixture
def proxy(broker_url: str) -> Iterator[Proxy]:
    """A proxy in front of the broker of this run."""
    with proxy_of(broker_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def shared_node() -> Iterator[PrivateBroker]:
    """A broker of this module's own, which every test leaves running."""
    with needing("RabbitMQ"), running_private_broker() as node:
        yield node
