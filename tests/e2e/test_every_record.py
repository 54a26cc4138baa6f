"""The table of records, row by row: a ministry's own sample, the registry, and a subscriber."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator
from psycopg import sql

from connectors._kit.discover import discover
from hub import bootstrap, outbound
from hub.bootstrap import Hub, Kind
from hub.crew import Worker
from hub.delivery import subscribers
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
from schemas.envelope import SOURCE_PREFIX, TYPE_PREFIX
from schemas.essentials import essential_fields
from schemas.grant_document import OUTSIDE, GrantDocument, clause
from tests.connectors.golden import RECEIVED_AT, Sample, golden
from tests.support.outbound_events import document
from tests.support.postgres import PostgresServer
from tests.support.subscribed import Body, enter

pytestmark = [pytest.mark.database]

SAMPLES = [sample for connector in discover().values() for sample in golden(connector)]
ROWS = [
    pytest.param(record.record_type, name, id=f"{record.record_type}-{name}")
    for name, connector in discover().items()
    for record in connector.records
]
WHOLE, LEAST, NOTHING = "whole-records", "least-fields", "without-grant"
CANONICAL = "somebody.else"
WHOLE_LEVEL = {"level": "records", "fields": {}}
FINAL = {"written", "unchanged", "superseded"}


Told = dict[str, list[dict[str, Any]]]
"""Events as read on the wire, by subscriber; under ``CANONICAL`` those that intake published."""


@dataclass(frozen=True)
class Journey:
    """What all golden samples left behind: outcomes, registry rows, and what subscribers got."""

    outcomes: dict[tuple[str, str, int], Row]
    rows: dict[tuple[str, str], int]
    told: Told
    withheld: dict[str, dict[str, str]]
    balanced: bool

    def of(self, reader: str, record_type: str, ministry: str) -> list[dict[str, Any]]:
        """Events of one row of the table, as a reader got them."""
        return [event for event in self.told[reader] if row_of(event) == (record_type, ministry)]


def row_of(event: dict[str, Any]) -> tuple[str, str]:
    record_type = event["type"].removeprefix(TYPE_PREFIX).partition(".")[0]
    return record_type, event["source"].removeprefix(SOURCE_PREFIX)


@pytest.fixture(scope="module")
def journey(postgres: PostgresServer, template_database: str) -> Iterator[Journey]:
    name = f"{template_database}_every_record"
    url = postgres.create(name, template_database)
    listening = Topology((), (Queue(CANONICAL),), (Binding(keys.CANONICAL, CANONICAL, "#"),))
    bus = MemoryBus(topology(discover()) + listening, linger=0)
    hub = bootstrap.build(Settings(), database_url=url, bus=bus, clock=lambda: RECEIVED_AT)
    bodies = enter(url, [wish(WHOLE), wish(LEAST), wish(NOTHING)], RECEIVED_AT)
    for body in bodies:
        bus.broker.declare(subscribers.topology_of(body))
    bus.publisher().publish([message_of(sample) for sample in SAMPLES])
    work([hub.worker(Kind.INTAKE), hub.worker(Kind.REGISTRY)])
    work([outbound.hop(hub, body) for body in bodies])
    yield left_behind(hub, bus)
    bus.close()
    postgres.drop(name)


def wish(name: str) -> Body:
    """A body that reads its own queue and wants everything, with the grants that go by its name."""
    wanted = {"subscriber": name, "channel": "amqp", "records": sorted(records())}
    return wanted, list(grants(name))


def grants(name: str) -> Iterator[GrantDocument]:
    """One grant for each clause: of whole records, or of the fields that records need to tell."""
    clauses: dict[str, list[str]] = defaultdict(list)
    for record_type, record in sorted(records().items()):
        clauses[clause(record.category)].append(record_type)
    for number, (category, types) in enumerate(clauses.items() if name != NOTHING else ()):
        act = {"outsideAct": {"act": "Trial act", "article": "1"}} if category == OUTSIDE else {}
        essential = {each: sorted(essential_fields(records()[each])) for each in types}
        level = {"level": "fields", "fields": essential} if name == LEAST else WHOLE_LEVEL
        about = {"grant": f"{name}-{number}", "subscriber": name, "category": category}
        yield document(**about, records=types, **level, **act)


def message_of(sample: Sample) -> Message:
    exchange = keys.intake_exchange(sample.connector.name)
    return Message(exchange, "live", sample.raw.body, str(sample), sample.raw.content_type)


def work(workers: Sequence[Worker]) -> None:
    """Let workers work until nothing is left."""
    hops = [worker for worker in workers if isinstance(worker, Hop)]
    assert len(hops) == len(workers)
    while any(hop.step(threading.Event(), 0) for hop in hops):
        pass
    for hop in hops:
        hop.close()


def read(bus: MemoryBus, queue: str) -> list[dict[str, Any]]:
    """Every event in a queue."""
    subscription, events = bus.subscribe([queue], prefetch=10_000), []
    while deliveries := subscription.receive(10_000, 0):
        for delivery in deliveries:
            events += orjson.loads(delivery.body)
        subscription.ack(deliveries)
    return events


def left_behind(hub: Hub, bus: MemoryBus) -> Journey:
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
        withheld: dict[str, dict[str, str]] = defaultdict(dict)
        for row in tx.rows(_WITHHELD):
            withheld[row["subscriber"]][row["record_id"].hex] = row["reason"]
    database.close()
    told = {name: read(bus, keys.deliver_queue(name)) for name in (WHOLE, LEAST, NOTHING)}
    told[CANONICAL] = read(bus, CANONICAL)
    balanced = hub.ledger().balanced and all(each.balanced for each in outbound.custody(hub))
    return Journey(log, rows, told, withheld, balanced)


_WITHHELD = """
SELECT subscriber, record_id, reason FROM outbound.disclosure WHERE verdict = 'withheld'
"""


@pytest.mark.parametrize(("record_type", "ministry"), ROWS)
def test_a_sample_becomes_a_row_and_what_a_granted_subscriber_receives(
    journey: Journey, record_type: str, ministry: str
) -> None:
    assert journey.rows[record_type, ministry] > 0
    schema = orjson.loads(export.documents()[f"{record_type}.v1.json"])
    validator = Draft202012Validator(schema)
    published = {e["id"]: e for e in journey.of(CANONICAL, record_type, ministry)}
    events = journey.of(WHOLE, record_type, ministry)
    assert any("data" in event for event in events)
    for event in events:
        assert JSONFormat().read(None, orjson.dumps(event)).get_source().endswith(ministry)
        assert event.get("data") == published[event["id"]].get("data")
        assert event["grant"].startswith(WHOLE)
        if "data" in event:
            validator.validate(event["data"])


@pytest.mark.parametrize(("record_type", "ministry"), ROWS)
def test_a_grant_of_fields_lets_these_fields_through_and_no_grant_lets_nothing(
    journey: Journey, record_type: str, ministry: str
) -> None:
    essential = essential_fields(records()[record_type])
    published = {e["id"]: e for e in journey.of(CANONICAL, record_type, ministry)}
    events = journey.of(LEAST, record_type, ministry)
    assert {e["id"] for e in events} == {e["id"] for e in journey.of(WHOLE, record_type, ministry)}
    for event in events:
        whole = published[event["id"]]
        assert event.get("data", {}).keys() == essential & whole.get("data", {}).keys()
        assert (event["subject"], event["factkey"]) == (whole["subject"], whole["factkey"])
    assert journey.of(NOTHING, record_type, ministry) == []
    outside = clause(records()[record_type].category) == OUTSIDE
    reason = "outside-section-4" if outside else "no-grant"
    assert {journey.withheld[NOTHING][each] for each in published} == {reason}


def test_what_a_subscriber_did_not_receive_was_withheld_for_a_newer_version(
    journey: Journey,
) -> None:
    published = {event["id"] for event in journey.told[CANONICAL]}
    for name in (WHOLE, LEAST):
        received = {event["id"] for event in journey.told[name]}
        assert journey.withheld[name].keys() == published - received
        assert set(journey.withheld[name].values()) <= {"newer-version-sent"}


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
