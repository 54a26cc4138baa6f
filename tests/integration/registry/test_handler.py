"""The registry's hop on the in-memory bus and a real PostgreSQL."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from connectors._kit.discover import discover
from hub.evidence import workers
from hub.evidence.record_log import State
from hub.metrics import Metrics
from hub.registry import feed
from hub.registry.handler import HOP, KILLED, TEST_MODE, RegistryHandler
from hub.store.database import Database
from routing import keys
from routing.message import ATTEMPTS, CAUSE, PUBLISHED_AT
from routing.topology import LADDER
from schemas.envelope import decode_batch
from schemas.errors import RetryLater, Unavailable
from tests.integration.registry.events import fin_urn
from tests.integration.registry.site import (
    DEAD,
    NOW,
    QUEUE,
    Died,
    Flaky,
    Site,
    broken,
    persons,
)
from tests.integration.registry.writing import golden
from tests.support import refusals
from tests.support.intake_bench import Bench, sample

pytestmark = pytest.mark.database

FIRST_RUNG = LADDER[0]
SERIALIZATION_FAILURE = "40001"


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    database = Flaky(database_url, application_name="registry under test")
    yield Site(database_url, database)
    database.close()


def test_a_batch_is_written_and_settled_and_acknowledged(site: Site) -> None:
    events = persons("A", "B")
    site.publish(*events)
    site.step()
    assert site.states(*events) == [State.WRITTEN, State.WRITTEN]
    assert golden(site.database, fin_urn("TST0001")) is not None
    assert site.depth() == 0


def test_a_record_that_is_final_already_is_not_written_again(site: Site) -> None:
    (event,) = persons("A")
    site.publish(event)
    site.step()
    with site.database.transaction() as tx:
        tx.execute("TRUNCATE registry.person, registry.claim, registry.golden")
    site.publish(event)
    site.step()
    assert golden(site.database, fin_urn("TST0000")) is None
    assert site.states(event) == [State.WRITTEN]


def test_a_record_marked_as_a_test_ends_at_the_door_and_its_neighbours_are_written(
    site: Site,
) -> None:
    first, second = persons("A", "B")
    test = second.model_copy(update={"testmode": True})
    site.publish(first, test)
    site.step()
    assert site.states(first, test) == [State.WRITTEN, State.DISCARDED]
    assert golden(site.database, fin_urn("TST0000")) is not None
    assert golden(site.database, fin_urn("TST0001")) is None
    with site.database.transaction() as tx:
        (row,) = tx.rows(
            "SELECT cause FROM evidence.record_log WHERE record_id = %s::uuid", [test.id]
        )
        assert [change.event.id for change in feed.read(tx, 0, 10)] == [first.id]
    assert row["cause"] == TEST_MODE


def test_one_bad_record_is_parked_with_its_cause_and_its_neighbours_are_written(
    site: Site,
) -> None:
    first, second, third = persons("A", "B", "C")
    site.publish(first, broken(second), third)
    site.step()
    assert site.states(first, second, third) == [State.WRITTEN, State.PARKED, State.WRITTEN]
    (dead,) = site.waiting(DEAD)
    assert dead.headers[CAUSE] == "canonical-content"
    assert [each.id for each in decode_batch(dead.body)] == [second.id] == [dead.message_id]
    assert site.depth() == 0


def test_a_parked_record_may_still_be_written(site: Site) -> None:
    (event,) = persons("A")
    site.publish(broken(event))
    site.step()
    assert site.states(event) == [State.PARKED]
    site.publish(event)
    site.step()
    assert site.states(event) == [State.WRITTEN]


def test_a_lost_race_waits_on_the_ladder_and_comes_back(site: Site) -> None:
    (event,) = persons("A")
    site.publish(event)
    site.database.errors = [RetryLater("database: lock timeout")] * 3
    site.step()
    assert site.states(event) == [State.RETRYING]
    (waiting,) = site.on_the_ladder(FIRST_RUNG)
    assert waiting.headers[ATTEMPTS] == 1
    site.clock[0] += FIRST_RUNG.staggered()[-1].seconds
    site.step()
    assert site.states(event) == [State.WRITTEN]
    assert site.depth() == site.depth(DEAD) == 0


def test_what_cannot_be_noted_is_not_put_on_the_ladder_either(site: Site) -> None:
    (event,) = persons("A")
    site.publish(event)
    refusals.prepare(site.url)
    # The batch, the message, the record, and the note that it waits; then all but the batch again.
    refusals.refuse(site.url, SERIALIZATION_FAILURE, times=7)
    site.step()
    assert site.states(event) == [State.WRITTEN]
    assert site.on_the_ladder(FIRST_RUNG) == []


def test_a_record_that_never_succeeds_is_parked_after_its_last_attempt(site: Site) -> None:
    (event,) = persons("A")
    # PostgreSQL cannot store NUL: no check of ours foresees it, so it counts as a defect.
    defect = event.model_copy(update={"messageid": "m\0"})
    site.publish(defect)
    for _ in range(6):
        site.step()
        site.clock[0] += 2 * 3600
    assert site.states(event) == [State.PARKED]
    (dead,) = site.waiting(DEAD)
    assert str(dead.headers[CAUSE]).startswith("defect-")
    assert dead.headers[ATTEMPTS] == 5


def test_an_outage_of_the_database_is_waited_out_and_costs_no_attempt(site: Site) -> None:
    (event,) = persons("A")
    site.publish(event)
    site.database.errors = [Unavailable("database: down")] * 7
    site.step()
    assert site.states(event) == [State.WRITTEN]
    assert [site.depth(queue) for queue in (QUEUE, DEAD)] == [0, 0]
    assert site.on_the_ladder(FIRST_RUNG) == []


def test_a_connection_cut_by_the_server_is_opened_again(
    site: Site, connect: Callable[[], Database]
) -> None:
    first, second = persons("A", "B")
    site.publish(first, second)
    with connect().transaction() as tx:
        cut = tx.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'registry under test'"
        )
    assert len(cut) == 1
    site.step()
    assert site.states(first, second) == [State.WRITTEN, State.WRITTEN]


def test_what_is_no_batch_is_parked_whole_and_harms_nothing(site: Site) -> None:
    (event,) = persons("A")
    site.publish_raw(b"<not-json/>")
    site.publish(event)
    site.step()
    assert site.states(event) == [State.WRITTEN]
    (dead,) = site.waiting(DEAD)
    assert (dead.headers[CAUSE], dead.body) == ("canonical-batch", b"<not-json/>")


def test_redelivered_records_are_written_and_their_claims_cleared(site: Site) -> None:
    events = persons("A", "B")
    site.publish(*events)
    site.subscription.receive(10, 0)
    site.subscription.drop_connection()
    site.step()
    assert site.states(*events) == [State.WRITTEN, State.WRITTEN]
    with site.database.transaction() as tx:
        assert tx.rows("SELECT * FROM evidence.poison_claim") == []


def test_a_record_that_kills_the_process_is_parked_and_only_that_record(site: Site) -> None:
    events = persons("A", "B", "C", "D")
    site.deadly = events[2].id
    site.restart()
    site.publish(*events)
    deaths = 0
    while site.depth():
        try:
            site.step()
        except Died:
            deaths += 1
            site.subscription.close()
            site.restart()
    assert Counter(site.states(*events)) == {State.WRITTEN: 3, State.PARKED: 1}
    (dead,) = site.waiting(DEAD)
    assert (dead.headers[CAUSE], dead.message_id) == (KILLED, events[2].id)
    assert 1 < deaths < 10
    with site.database.transaction() as tx:
        assert tx.rows("SELECT * FROM evidence.poison_claim") == []


def test_an_outage_while_looking_for_the_killer_convicts_nobody(site: Site) -> None:
    events = persons("A", "B")
    site.publish(*events)
    (suspect,) = site.subscription.receive(10, 0)
    site.subscription.drop_connection()
    with site.database.transaction() as tx:
        key = f"{QUEUE}:{hashlib.sha256(suspect.body).hexdigest()}"
        tx.execute(
            "INSERT INTO evidence.poison_claim (hop, key, crashes, claimed_at)"
            " VALUES (%s, %s, 3, %s)",
            [HOP, key, NOW],
        )
    # Claim of the delivery, look-up, claim of the record: the outage hits the write itself.
    site.database.errors = [None, None, None, Unavailable("database: down")]
    site.step()
    assert site.states(*events) == [State.WRITTEN, State.WRITTEN]
    assert site.depth(DEAD) == 0


def test_a_worker_shows_how_far_it_has_come(site: Site) -> None:
    site.publish(*persons("A"))
    site.step()
    site.step()
    with site.database.transaction() as tx:
        assert workers.watermarks(tx, NOW - timedelta(seconds=1)) == {QUEUE: NOW}
        assert workers.alive(tx, NOW - timedelta(seconds=1)) == {HOP}


def test_a_batch_takes_one_commit_in_which_its_worker_shows_how_far_it_has_come(
    site: Site,
) -> None:
    site.publish(*persons("A", "B"))
    site.database.errors = [None, AssertionError("a second transaction")]
    site.step()
    assert len(site.database.errors) == 1
    site.database.errors = []
    with site.database.transaction() as tx:
        assert workers.watermarks(tx, NOW - timedelta(seconds=1)) == {QUEUE: NOW}


def test_the_critical_time_of_each_record_is_from_its_publish_to_its_commit(
    database_url: str,
) -> None:
    database = Database(database_url)
    bench = Bench(database, discover())
    metrics = Metrics()
    published = bench.now - timedelta(seconds=7)
    headers = {PUBLISHED_AT: published.isoformat()}
    bench.send("labour", sample("labour", "concluded.in.json"), headers=headers)
    bench.work()
    queue = keys.writer_queue("live")
    subscription = bench.bus.subscribe([queue], prefetch=10)
    handler = RegistryHandler("w", database, subscription, [queue], metrics)
    handler.handle(subscription.receive(10, 0), bench.now)
    told = metrics.expose().decode()
    labels = 'lane="live",ministry="labour"'
    assert f"qovsaq_critical_seconds_sum{{{labels}}} 7.0" in told
    assert 'qovsaq_critical_seconds_bucket{lane="live",le="5.0",ministry="labour"} 0.0' in told
    database.close()


def test_a_record_on_the_ladder_is_counted_on_its_rung(site: Site) -> None:
    metrics = Metrics()
    subscription = site.bus.subscribe([QUEUE], prefetch=10)
    failing = Flaky(site.url)
    handler = RegistryHandler("w", failing, subscription, [QUEUE], metrics)
    site.publish(*persons("A"))
    (delivery,) = subscription.receive(1, 0)
    failing.errors = [RetryLater("a"), RetryLater("b"), None]
    handler.handle_alone(delivery, NOW)
    failing.close()
    assert 'qovsaq_retries_total{hop="registry",rung="5s"} 1.0' in metrics.expose().decode()
