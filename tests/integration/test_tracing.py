"""One trace from a ministry's message to the registry's commit and each delivery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors._kit.discover import discover
from hub.registry.handler import RegistryHandler
from hub.store.database import Database
from routing import keys
from routing.message import TRACEPARENT
from routing.observer import Unobserved
from schemas.envelope import Event, decode_batch
from schemas.errors import Unavailable
from tests.support.http_site import http_site
from tests.support.intake_bench import Bench, sample
from tests.support.outbound_bench import due, outbound_bench
from tests.support.tracing import SENT, TRACE, Traced, linked, parent_of, place, trace_of

pytestmark = pytest.mark.database
PERSONS = sample("interior", "every-kind.in.xml")
SECRET_ID = "TST0001-Sinaq"


@pytest.fixture
def traced() -> Traced:
    return Traced()


@pytest.fixture
def bench(database_url: str, traced: Traced) -> Iterator[Bench]:
    database = Database(database_url)
    made = Bench(database, discover())
    made.crash()
    made.start(tracing=traced.tracing)
    yield made
    made.bus.close()
    database.close()


def send(bench: Bench, message_id: str = "m-1", **headers: str) -> None:
    bench.send("interior", PERSONS, message_id, content_type="text/xml", headers=headers)
    bench.work()


def commit(bench: Bench, traced: Traced, database: Database | None = None) -> list[Event]:
    """Write whatever waits for the registry, as one batch."""
    queue = keys.writer_queue("live")
    waiting = bench.taken(queue)
    handler = RegistryHandler(
        worker_id="r", database=database or bench.database, publisher=bench.subscription,
        queues=[queue], observer=Unobserved(), tracing=traced.tracing,
    )  # fmt: skip
    handler.handle(waiting, bench.now)
    return [event for delivery in waiting for event in decode_batch(delivery.body)]


def deliver(database_url: str, traced: Traced, events: list[Event]) -> Any:
    """See the persons among some events through the gate; give the parcel."""
    with outbound_bench(database_url) as outbound:
        outbound.grant()
        outbound.clock.now = max(event.receivedtime for event in events)
        dispatcher = replace(outbound.dispatcher(), tracing=traced.tracing)
        dispatcher.dispatch(due(*(e for e in events if e.record_type == "person")))
        return outbound.endpoint.parcels[0]


def test_one_trace_leads_from_the_ministry_to_the_commit_and_the_delivery(
    bench: Bench, traced: Traced, database_url: str
) -> None:
    send(bench, traceparent=SENT)
    events = commit(bench, traced)
    parcel = deliver(database_url, traced, events)
    assert {trace_of(span) for span in traced.spans} == {TRACE}
    assert [span.name for span in traced.spans] == ["intake", "registry commit", "deliver"]
    intake, committed, delivered = traced.spans
    assert parent_of(intake) == SENT
    assert parent_of(committed) == parent_of(delivered) == place(intake)
    assert {event.traceparent for event in events} == {place(intake)}
    assert parcel.trace_headers == {TRACEPARENT: place(delivered)}


def test_a_message_without_a_trace_begins_one_at_intake(bench: Bench, traced: Traced) -> None:
    send(bench)
    (event, *_) = commit(bench, traced)
    intake, committed = traced.spans
    assert intake.parent is None
    assert trace_of(committed) == trace_of(intake)
    assert event.traceparent == place(intake)


@pytest.mark.parametrize(
    "nonsense", ["00-" + "0" * 32 + "-b7ad6b7169203331-01", "TST0001", SENT.upper(), SENT + "-x"]
)
def test_what_is_no_traceparent_counts_as_none(bench: Bench, traced: Traced, nonsense: str) -> None:
    send(bench, traceparent=nonsense)
    (intake,) = traced.spans
    assert intake.parent is None
    assert "TST0001" not in traced.text()


def test_a_batch_of_several_messages_is_linked_to_each_and_stands_in_each(
    bench: Bench, traced: Traced, database_url: str
) -> None:
    send(bench, "m-1", traceparent=SENT)
    send(bench, "m-2")
    first, second = (trace_of(span) for span in traced.named("intake"))
    events = commit(bench, traced)
    together, *within = traced.named("registry commit")
    assert linked(together) == {first, second} == {trace_of(span) for span in within}
    assert all(linked(span) == {trace_of(together)} for span in within)
    assert together.attributes == {"qovsaq.records": len(events)}
    parcel = deliver(database_url, traced, events)
    assert parcel.trace_headers == {TRACEPARENT: place(traced.named("deliver")[0])}


def test_nothing_personal_is_in_a_span_not_even_of_a_failure(bench: Bench, traced: Traced) -> None:
    send(bench, SECRET_ID, traceparent=SENT, tracestate="who=TST0001", baggage="name=Sinaq")

    class Failing(Database):
        def transaction(self) -> Any:
            raise Unavailable(f"database: {SECRET_ID}")

    failing = Failing(bench.database._url)
    with pytest.raises(Unavailable):
        commit(bench, traced, failing)
    (failed,) = traced.named("registry commit")
    assert failed.status.description == "Unavailable"
    assert not failed.events
    exported = traced.text()
    assert "qovsaq.record_id" in exported
    for personal in ("TST", "Sinaq", "Sınaq", "Nümunə", "Numune", "m-1", "who="):
        assert personal not in exported


def test_the_ratio_also_holds_for_who_wants_everything_traced(
    database_url: str, bench: Bench
) -> None:
    none = Traced(ratio=0)
    bench.crash()
    bench.start(tracing=none.tracing)
    send(bench, traceparent=SENT)
    assert {event.traceparent for event in commit(bench, none)} == {None}
    assert none.spans == []


def test_whoever_does_not_want_to_be_traced_is_not(bench: Bench, traced: Traced) -> None:
    send(bench, traceparent=SENT.removesuffix("01") + "00")
    commit(bench, traced)
    assert traced.spans == []


def test_a_call_to_the_door_is_the_first_step_of_its_trace(
    bench: Bench, traced: Traced, database_url: str
) -> None:
    with http_site(bench, database_url, tracing_into=traced.tracing) as site:
        headers = {"Message-Id": "m-1", "traceparent": SENT}
        answer = site.post("/intake/interior", PERSONS, "text/xml", headers=headers)
        assert answer.status_code == 200, answer.text
    bench.work()
    door, intake = traced.spans
    assert (door.name, trace_of(door), trace_of(intake)) == ("door", TRACE, TRACE)
    assert parent_of(intake) == place(door)


def test_the_door_hands_on_a_trace_where_it_does_not_trace_itself(
    bench: Bench, traced: Traced, database_url: str
) -> None:
    with http_site(bench, database_url) as site:
        headers = {"Message-Id": "m-1", "traceparent": SENT}
        site.post("/intake/interior", PERSONS, "text/xml", headers=headers)
        site.post("/intake/interior", PERSONS, "text/xml", headers={"traceparent": "TST0001"})
    bench.work()
    traces = [trace_of(span) for span in traced.spans]
    assert traces[0] == TRACE != traces[1]
