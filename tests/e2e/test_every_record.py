"""The table of records, row by row: a ministry's own sample, the registry, and a subscriber."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator
from psycopg import sql

from connectors._kit.discover import discover
from hub import bootstrap
from hub.bootstrap import Hub, Kind
from hub.delivery import gate
from hub.delivery.gate import Allow, Candidate, Decision, Withhold
from hub.delivery.grant import Grant, Standing
from hub.delivery.minimising import minimised
from hub.delivery.subscriber import Channel, Subscriber
from hub.evidence.outcomes import outcomes
from hub.hop import Hop
from hub.settings import Settings
from hub.store.database import Row
from routing import keys
from routing.memory import MemoryBus
from routing.message import Message
from routing.topology import Binding, Queue, Topology, topology
from schemas import export
from schemas.catalogue import records
from schemas.envelope import Event
from schemas.essentials import essential_fields
from schemas.grant_document import OUTSIDE, GrantDocument, clause
from tests.connectors.golden import RECEIVED_AT, Sample, golden
from tests.support.outbound_events import BODY, document
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("every-record")]

SAMPLES = [sample for connector in discover().values() for sample in golden(connector)]
ROWS = [
    pytest.param(record.record_type, name, id=f"{record.record_type}-{name}")
    for name, connector in discover().items()
    for record in connector.records
]
SUBSCRIBER = "somebody.else"
FINAL = {"written", "unchanged", "superseded"}


@dataclass(frozen=True)
class Journey:
    """What all golden samples left behind: outcomes, registry rows, and what a subscriber got."""

    outcomes: dict[tuple[str, str, int], Row]
    rows: dict[tuple[str, str], int]
    events: dict[tuple[str, str], list[dict[str, Any]]]
    balanced: bool


@pytest.fixture(scope="module")
def journey(postgres: PostgresServer, template_database: str) -> Iterator[Journey]:
    name = f"{template_database}_every_record"
    url = postgres.create(name, template_database)
    listening = Topology((), (Queue(SUBSCRIBER),), (Binding(keys.CANONICAL, SUBSCRIBER, "#"),))
    bus = MemoryBus(topology(discover()) + listening)
    hub = bootstrap.build(Settings(), database_url=url, bus=bus, clock=lambda: RECEIVED_AT)
    bus.publisher().publish([message_of(sample) for sample in SAMPLES])
    work(hub)
    yield told(hub, received(bus))
    bus.close()
    postgres.drop(name)


def message_of(sample: Sample) -> Message:
    exchange = keys.intake_exchange(sample.connector.name)
    return Message(exchange, "live", sample.raw.body, str(sample), sample.raw.content_type)


def work(hub: Hub) -> None:
    """Let intake and registry work until nothing is left."""
    hops = [hub.worker(kind) for kind in (Kind.INTAKE, Kind.REGISTRY)]
    stop = threading.Event()
    while any(isinstance(hop, Hop) and hop.step(stop, 0) for hop in hops):
        pass
    for hop in hops:
        assert isinstance(hop, Hop)
        hop.close()


def received(bus: MemoryBus) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Events as a subscriber to everything reads them, by record type and ministry."""
    events: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    subscription = bus.subscribe([SUBSCRIBER], prefetch=10_000)
    while deliveries := subscription.receive(10_000, 0):
        for delivery in deliveries:
            key = keys.CanonicalKey.parse(delivery.routing_key)
            events[key.record_type, key.ministry] += orjson.loads(delivery.body)
        subscription.ack(deliveries)
    return events


def told(hub: Hub, events: dict[tuple[str, str], list[dict[str, Any]]]) -> Journey:
    database = hub.database("test")
    with database.transaction() as tx:
        log = {(row["ministry"], row["message_id"], row["ordinal"]): row for row in outcomes(tx)}
        rows = {
            (record_type, row["ministry"]): row["n"]
            for record_type in records()
            for row in tx.rows(
                sql.SQL("SELECT ministry, count(*) AS n FROM registry.{} GROUP BY ministry").format(
                    sql.Identifier(record_type)
                )
            )
        }
    database.close()
    return Journey(log, rows, events, hub.ledger().balanced)


@pytest.mark.parametrize(("record_type", "ministry"), ROWS)
def test_a_sample_becomes_a_row_and_an_event_for_others(
    journey: Journey, record_type: str, ministry: str
) -> None:
    assert journey.rows[record_type, ministry] > 0
    schema = orjson.loads(export.documents()[f"{record_type}.v1.json"])
    validator = Draft202012Validator(schema)
    events = journey.events[record_type, ministry]
    assert any("data" in event for event in events)
    for event in events:
        assert JSONFormat().read(None, orjson.dumps(event)).get_source().endswith(ministry)
        if "data" in event:
            validator.validate(event["data"])


@pytest.mark.parametrize(("record_type", "ministry"), ROWS)
def test_a_granted_subscriber_would_receive_what_its_grant_allows_and_without_one_nothing(
    journey: Journey, record_type: str, ministry: str
) -> None:
    known = records()[record_type]
    essential = essential_fields(known)
    clause_of = clause(known.category)
    act = {"outsideAct": {"act": "Trial act", "article": "1"}} if clause_of == OUTSIDE else {}
    about = {"category": clause_of, "records": [record_type], **act}
    whole = document(**about, level="records", fields={})
    least = document(**about, level="fields", fields={record_type: sorted(essential)})
    assert journey.events[record_type, ministry]
    for told in journey.events[record_type, ministry]:
        event = Event.model_validate(told)
        assert isinstance(decide(event), Withhold)
        (all_of_it, only) = (received_under(event, granted) for granted in (whole, least))
        assert all_of_it.get("data") == event.data
        assert only.get("data", {}).keys() == essential & (event.data or {}).keys()
        assert (only["subject"], only["factkey"]) == (event.subject, event.factkey)


def decide(event: Event, *granted: GrantDocument) -> Decision:
    """What the gate says of an event for a body with these grants."""
    grants = [Grant(each.grant, 1, Standing.IN_FORCE, each) for each in granted]
    body = Subscriber(BODY, "A body", Channel.WEBHOOK)
    return gate.decide(Candidate.of(event), body, grants, now=RECEIVED_AT)


def received_under(event: Event, granted: GrantDocument) -> dict[str, Any]:
    """The event as the body receives it under its grant."""
    decision = decide(event, granted)
    assert isinstance(decision, Allow)
    return minimised(event, decision.fields, granted.grant)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_record_of_a_sample_has_the_outcome_that_is_written_beside_it(
    journey: Journey, sample: Sample
) -> None:
    for item in orjson.loads(sample.expected.read_bytes()):
        row = journey.outcomes[sample.connector.name, str(sample), item["ordinal"]]
        if "refused" in item:
            assert (row["state"], row["rule"]) == ("refused", item["refused"])
        else:
            assert row["state"] in FINAL


def test_all_of_it_is_accounted_for(journey: Journey) -> None:
    assert journey.balanced
