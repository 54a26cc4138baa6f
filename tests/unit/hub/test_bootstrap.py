from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.crew import Crew
from hub.settings import Settings
from routing.memory import MemoryBus
from routing.topology import topology
from schemas.errors import Stop

CONNECTORS = discover()


def hub_with(poll: Mapping[str, Mapping[str, str]], **given: Any) -> Hub:
    return bootstrap.build(
        Settings.model_validate({"poll": poll} | given),
        database_url="postgresql://nobody.example/none",
        bus=MemoryBus(topology(CONNECTORS)),
        connectors=CONNECTORS,
    )


def test_building_connects_to_nothing_and_every_kind_of_worker_can_be_built() -> None:
    senders = {"labour": {"authentication": "none"}}
    reader = {"authentication": "certificate", "subject": "CN=fund"}
    hub = hub_with(
        {"justice": {"url": "http://justice.example/poll"}},
        senders=senders,
        readers={"fund": reader},
        lookup={"client_authorities": "authorities.pem"},
    )
    assert [type(hub.worker(kind)).__name__ for kind in Kind] == [
        "Hop",
        "Hop",
        "Crew",
        "PollWorker",
        "Hop",
        "HttpWorker",
        "Crew",
        "Rounds",
        "Crew",
        "HttpWorker",
    ]


@pytest.mark.parametrize("name", ["labour", "nobody"])
def test_a_poll_url_of_a_body_that_cannot_be_polled_is_refused_by_name(name: str) -> None:
    hub = hub_with({name: {"url": "http://somewhere.example/"}})
    with pytest.raises(Stop, match=f"QOVSAQ_POLL__{name.upper()}__URL"):
        hub.worker(Kind.POLL)


def test_who_must_come_over_ehis_is_not_polled() -> None:
    hub = hub_with({"justice": {"url": "http://justice.example/poll"}}, ehis_only="justice")
    with pytest.raises(Stop, match="EHİS only"):
        hub.worker(Kind.POLL)


def test_a_body_nobody_knows_cannot_be_bound_to_ehis() -> None:
    with pytest.raises(Stop, match="QOVSAQ_EHIS_ONLY: there is no ministry named nobody"):
        hub_with({}, ehis_only="labour,nobody").worker(Kind.INTAKE)


def test_without_urls_the_message_names_the_missing_setting() -> None:
    with pytest.raises(Stop, match="QOVSAQ_BROKER_URL is not set"):
        bootstrap.build(Settings(broker_url=None), database_url="postgresql://nobody.example/none")


def test_contracts_are_watched_by_the_process_that_asks_ministries() -> None:
    contracts = {"justice": {"urls": "http://justice.example/a.xsd,http://justice.example/b?wsdl"}}
    hub = bootstrap.build(
        Settings.model_validate({"contracts": contracts}),
        database_url="postgresql://nobody.example/none",
        bus=MemoryBus(topology(CONNECTORS)),
        connectors=CONNECTORS,
    )
    worker = hub.worker(Kind.POLL)
    assert isinstance(worker, Crew)
    assert worker.workers.keys() == {"polls", "contract guard"}
    assert len(hub.settings.contracts["justice"].urls) == 2
