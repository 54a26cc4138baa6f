"""Fixtures of every suite. A missing server skips loudly; where ``CI=true`` it fails."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from hub.bootstrap import bring_up_to_date
from tests.support.needs import SETTINGS, needing
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.private_broker import PrivateBroker, running_private_broker
from tests.support.rabbitmq import Broker, found_broker
from tests.support.sharing_out import ByFile


def _unique(purpose: str) -> str:
    return f"qovsaq_test_{purpose}_{uuid.uuid4().hex[:12]}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Share the tests out by file, with ``--dist loadgroup``."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what to set to have the same streams, moments and places again."""
    terminalreporter.write_line(f"QOVSAQ_TEST_SEED={SETTINGS.seed}")


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings() -> Iterator[None]:
    """Keep the hub's settings of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):  # noqa: TID251 - to take away, not to read
            if name.startswith("QOVSAQ_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this run."""
    with needing("PostgreSQL"), running_postgres(SETTINGS.database_url) as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: PostgresServer) -> Iterator[str]:
    """Name of a migrated database, from which those of the tests are cloned."""
    name = _unique("template")
    url = postgres.create(name)
    try:
        bring_up_to_date(url)
        yield name
    finally:
        postgres.drop(name)


@pytest.fixture
def database_url(postgres: PostgresServer, template_database: str) -> Iterator[str]:
    """URL of a migrated database of this test's own."""
    name = _unique("db")
    yield postgres.create(name, template_database)
    postgres.drop(name)


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """URL of a database of this test's own in which nothing was ever created."""
    name = _unique("empty")
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The RabbitMQ broker of this run."""
    with needing("RabbitMQ"):
        found = found_broker(SETTINGS.broker_url, SETTINGS.broker_command)
        if found:
            yield found
        else:
            with running_private_broker() as node:
                yield node.broker


@pytest.fixture(scope="session")
def broker_url(broker: Broker) -> Iterator[str]:
    """URL of a virtual host of this run (and of this xdist worker) alone."""
    with broker.vhost(_unique("mq")) as url:
        yield url


@pytest.fixture
def clean_broker(broker: Broker, broker_url: str) -> str:
    """``broker_url``, after every queue and exchange in it was deleted."""
    broker.administration.clear(broker_url.rpartition("/")[2], broker_url)
    return broker_url


@pytest.fixture
def private_broker() -> Iterator[PrivateBroker]:
    """A broker of this test's own, started, which it may kill and start again."""
    with needing("RabbitMQ"), running_private_broker() as node:
        yield node
