"""What leaves, what does not, and what is on record before either."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from hub.delivery.custody import Due
from hub.delivery.sender import Parcel, Postponed, derive_delivery_id
from hub.store.database import Database
from routing.bus import NotConfirmed
from schemas.envelope import Operation
from schemas.errors import Parked, RetryLater, Unavailable
from tests.support.outbound_bench import (
    BODY,
    START,
    Endpoint,
    OutboundBench,
    due,
    outbound_bench,
    person,
)

pytestmark = pytest.mark.database


@pytest.fixture
def bench(database_url: str) -> Iterator[OutboundBench]:
    with outbound_bench(database_url) as made:
        yield made


def test_without_a_grant_nothing_leaves_and_the_refusal_is_logged(bench: OutboundBench) -> None:
    bench.dispatcher().dispatch(due(person(1)))
    assert bench.endpoint.parcels == []
    assert bench.log() == [("withheld", "no-grant")]
    (row,) = bench.rows("SELECT * FROM outbound.disclosure")
    assert row["missing"] == "a grant for person under 4.1.2"
    assert (row["persons"], row["fields"]) == ([], [])


def test_what_leaves_is_reduced_to_the_fields_of_the_grant_and_labelled(
    bench: OutboundBench,
) -> None:
    bench.grant()
    bench.dispatcher().dispatch(due(person(1)))
    (event,) = bench.endpoint.events
    assert event["data"].keys() == {"identifier", "givenName", "familyName"}
    assert event["classification"] == "official-use"
    assert event["grant"] == "pensions-persons"
    assert "messageid" not in event
    (row,) = bench.rows("SELECT * FROM outbound.disclosure")
    assert row["fields"] == ["familyName", "givenName", "identifier"]
    assert row["persons"] == ["urn:az:pid:fin:TST0001"]
    assert (row["grant_id"], row["grant_version"]) == ("pensions-persons", 1)
    assert bench.states() == {event["id"]: "sent"}


def test_a_batch_is_one_parcel_with_an_id_derived_from_its_records(bench: OutboundBench) -> None:
    bench.grant()
    events = [person(number) for number in range(20)]
    bench.dispatcher().dispatch(due(*events))
    (parcel,) = bench.endpoint.parcels
    assert set(parcel.record_ids) == {event.id for event in events}
    assert parcel.delivery_id == derive_delivery_id(BODY, parcel.record_ids)


class Witness(Endpoint):
    """Looks, at the moment something leaves, whether the log already has it."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.unlogged: list[str] = []

    def send(self, parcel: Parcel, now: datetime) -> None:
        with self._database.transaction() as tx:
            rows = tx.rows("SELECT record_id FROM outbound.disclosure WHERE verdict = 'allowed'")
        logged = {row["record_id"].hex for row in rows}
        self.unlogged += [each for each in parcel.record_ids if each not in logged]
        super().send(parcel, now)


def test_the_log_is_committed_before_anything_leaves(bench: OutboundBench) -> None:
    bench.grant()
    witness = Witness(bench.connect())
    bench.dispatcher(witness).dispatch(due(person(1), person(2)))
    assert len(witness.events) == 2
    assert witness.unlogged == []


def test_a_record_that_comes_again_is_neither_sent_nor_logged_again(bench: OutboundBench) -> None:
    bench.grant()
    dispatcher = bench.dispatcher()
    for _ in range(3):
        dispatcher.dispatch(due(person(1)))
    assert len(bench.endpoint.events) == 1
    assert bench.log() == [("allowed", None)]


def test_an_outage_is_no_attempt_and_what_comes_again_is_decided_anew(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()
    bench.endpoint.failures = [Unavailable("endpoint: down")]
    dispatcher = bench.dispatcher()
    with pytest.raises(Unavailable):
        dispatcher.dispatch(due(person(1)))
    bench.revoke(grant)
    dispatcher.dispatch(due(person(1)))
    assert bench.endpoint.parcels == []
    assert bench.log() == [("allowed", None), ("withheld", "grant-revoked")]
    assert list(bench.states().values()) == ["withheld"]


def test_what_was_not_confirmed_counts_as_on_its_way_until_its_deadline(
    bench: OutboundBench,
) -> None:
    grant = bench.grant()
    bench.endpoint.failures = [NotConfirmed("broker: no answer in time")]
    with pytest.raises(Unavailable):
        bench.dispatcher().dispatch(due(person(1)))
    bench.revoke(grant)
    assert bench.clock.now >= START + timedelta(seconds=30)


def test_what_the_endpoint_postpones_waits_in_custody_as_long_as_it_asked(
    bench: OutboundBench,
) -> None:
    bench.grant()
    bench.endpoint.failures = [Postponed("too many requests", 90)]
    dispatcher = bench.dispatcher()
    dispatcher.dispatch(due(person(1)))
    (row,) = bench.rows("SELECT state, due, attempts, event FROM outbound.custody")
    assert (row["state"], row["attempts"]) == ("retrying", 1)
    assert row["due"] == START + timedelta(seconds=90)
    dispatcher.dispatch(due(person(1)))
    assert bench.endpoint.parcels == []


def test_what_the_endpoint_refuses_for_good_is_parked_with_its_cause(bench: OutboundBench) -> None:
    bench.grant()
    bench.endpoint.failures = [Parked("gone", "410")]
    bench.dispatcher().dispatch(due(person(1)))
    (row,) = bench.rows("SELECT state, reason, event FROM outbound.custody")
    assert (row["state"], row["reason"]) == ("parked", "gone")
    assert row["event"]["id"] == person(1).id


def test_a_record_that_fails_too_often_is_parked(bench: OutboundBench) -> None:
    bench.grant()
    bench.endpoint.failures = [RetryLater("no")]
    last = Due(person(1), "live", stored=True, attempts=5)
    bench.dispatcher().dispatch([last])
    (row,) = bench.rows("SELECT state, reason FROM outbound.custody")
    assert (row["state"], row["reason"]) == ("parked", "retries-exhausted")


def test_an_older_version_never_follows_a_newer_one(bench: OutboundBench) -> None:
    bench.grant()
    bench.endpoint.failures = [RetryLater("no")]
    dispatcher = bench.dispatcher()
    dispatcher.dispatch(due(person(1, sequence=1)))
    dispatcher.dispatch(due(person(1, sequence=2)))
    dispatcher.dispatch([Due(person(1, sequence=1), "live", stored=True, attempts=1)])
    assert [event["version"] for event in bench.endpoint.events] == ["2"]
    assert bench.log()[-1] == ("withheld", "newer-version-sent")


def test_versions_of_a_fact_leave_in_order_whatever_the_order_they_came_in(
    bench: OutboundBench,
) -> None:
    bench.grant()
    bench.dispatcher().dispatch(due(*(person(1, sequence=number) for number in (3, 1, 2))))
    assert [event["version"] for event in bench.endpoint.events] == ["1", "2", "3"]


def test_an_annulment_leaves_without_content_and_with_the_same_basis(bench: OutboundBench) -> None:
    annul = person(1, sequence=2, operation=Operation.ANNUL)
    bench.dispatcher().dispatch(due(annul))
    assert bench.endpoint.parcels == []
    bench.grant()
    bench.dispatcher().dispatch(due(annul))
    (event,) = bench.endpoint.events
    assert "data" not in event
    assert event["subject"] == "urn:az:pid:fin:TST0001"


def test_a_full_day_holds_the_rest_of_a_batch_in_custody_until_the_next(
    bench: OutboundBench,
) -> None:
    bench.grant(recordsPerDay=2)
    dispatcher = bench.dispatcher()
    dispatcher.dispatch(due(*(person(number) for number in range(5))))
    assert len(bench.endpoint.events) == 2
    held = bench.rows("SELECT due, event FROM outbound.custody WHERE state = 'held'")
    assert {row["due"] for row in held} == {datetime.fromisoformat("2026-03-02T20:00:00Z")}
    assert all(row["event"] for row in held)


def test_a_retry_does_not_count_twice_against_the_day(bench: OutboundBench) -> None:
    bench.grant(recordsPerDay=1)
    bench.endpoint.failures = [RetryLater("no")]
    dispatcher = bench.dispatcher()
    dispatcher.dispatch(due(person(1)))
    dispatcher.dispatch([Due(person(1), "live", stored=True, attempts=1)])
    assert len(bench.endpoint.events) == 1
    assert [row["records"] for row in bench.rows("SELECT records FROM outbound.usage")] == [1]


def test_a_grant_that_ends_while_a_batch_is_being_sent_stops_what_has_not_left(
    bench: OutboundBench,
) -> None:
    bench.grant(validUntil="2026-03-02T08:00:01Z")

    class Slow(Endpoint):
        def send(self, parcel: Parcel, now: datetime) -> None:
            super().send(parcel, now)
            bench.clock.advance(1)

    bench.endpoint = Slow()
    bench.grant(grant="documents", records=["identity_document"], level="records", fields={})
    dispatcher = bench.dispatcher()
    dispatcher.dispatch(due(person(1)))
    dispatcher.dispatch(due(person(2)))
    assert len(bench.endpoint.events) == 1
    assert bench.log()[-1] == ("withheld", "grant-expired")


def test_test_records_and_live_subscribers_never_meet(database_url: str) -> None:
    with outbound_bench(database_url, test_mode=True) as bench:
        bench.grant()
        live, test = person(1), person(2).model_copy(update={"testmode": True})
        bench.dispatcher().dispatch(due(live, test))
        assert [event["id"] for event in bench.endpoint.events] == [test.id]
        assert ("withheld", "test-mode") in bench.log()
