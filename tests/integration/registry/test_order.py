"""Newer wins, history stays, order does not matter: on a real PostgreSQL."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from hub.registry.writer import write
from hub.store.database import Database
from schemas.envelope import Event
from schemas.errors import RetryLater
from tests.integration.registry.events import alias, event, fin, fin_urn, link, person, turmoil
from tests.integration.registry.writing import NOW, empty, exported, golden, put
from tests.support.locks import somebody_waits
from tests.support.servers import wait_until

pytestmark = pytest.mark.database


def batches(draw: random.Random, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    start = 0
    while start < len(events):
        end = start + draw.choice((1, 2, 5, 20, 60))
        yield events[start:end]
        start = end


def test_twenty_orders_doubled_and_split_at_random_end_in_one_state(database: Database) -> None:
    events = turmoil(seed=1, size=150)
    put(database, *events)
    expected = exported(database)
    # The events must collide for the comparison to mean anything.
    assert 20 < len(expected) < 100
    for seed in range(20):
        draw = random.Random(seed)
        shuffled = events * 2
        draw.shuffle(shuffled)
        empty(database)
        for batch in batches(draw, shuffled):
            put(database, *batch)
        assert exported(database) == expected


def test_the_same_records_again_change_nothing_at_all(database: Database) -> None:
    events = turmoil(seed=2, size=80)
    put(database, *events)
    before = exported(database)
    with database.transaction() as tx:
        rows = tx.rows("SELECT xmin::text, ctid::text, * FROM registry.person ORDER BY subject")
    for batch in batches(random.Random(0), events):
        put(database, *batch)
    assert exported(database) == before
    with database.transaction() as tx:
        again = tx.rows("SELECT xmin::text, ctid::text, * FROM registry.person ORDER BY subject")
    assert again == rows


def test_concurrent_writers_end_in_the_state_of_one(connect: Callable[[], Database]) -> None:
    events = turmoil(seed=3, size=240)
    control = connect()
    put(control, *events)
    expected = exported(control)
    empty(control)

    failures: list[BaseException] = []

    def work(database: Database, seed: int) -> None:
        draw = random.Random(seed)
        mine = list(events)
        draw.shuffle(mine)
        for batch in batches(draw, mine):
            try:
                put(database, *batch)
            except BaseException as error:  # noqa: BLE001 - reported by the main thread
                failures.append(error)

    writers = [threading.Thread(target=work, args=(connect(), seed)) for seed in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    # Lock tiers are taken in order: not even a deadlock that the hub would survive occurs.
    assert failures == []
    assert exported(control) == expected


def interleave(connect: Callable[[], Database], first: Event, second: Event) -> Database:
    """Write both at once: the second starts before the first commits, and has to wait for it."""
    holder, waiter, watcher = connect(), connect(), connect()

    with holder.transaction() as tx:
        write(tx, [first], NOW)
        thread = threading.Thread(target=put, args=(waiter, second))
        thread.start()
        wait_until(lambda: somebody_waits(watcher), 60, "the second writer")
    thread.join()
    return watcher


def test_a_claim_written_while_its_alias_is_being_linked_reaches_the_person(
    connect: Callable[[], Database],
) -> None:
    linking = event("subject_link", link("00000001", "TST0001"), ministry="migration",
                    message_id="1")  # fmt: skip
    claiming = event("person", person(alias("00000001"), citizenship=["TUR"]),
                     ministry="migration", message_id="2")  # fmt: skip
    database = interleave(connect, linking, claiming)
    found = golden(database, fin_urn("TST0001"))
    assert found is not None
    assert found["fields"]["citizenship"] == ["TUR"]


def test_two_claims_about_one_person_by_different_names_both_count(
    connect: Callable[[], Database],
) -> None:
    put(connect(), event("subject_link", link("00000001", "TST0001"), ministry="migration",
                         message_id="1"))  # fmt: skip
    by_fin = event("person", person(fin("TST0001"), placeOfBirth="Sınaq"), ministry="interior",
                   message_id="2")  # fmt: skip
    by_alias = event("person", person(alias("00000001"), citizenship=["TUR"]),
                     ministry="migration", message_id="3")  # fmt: skip
    database = interleave(connect, by_fin, by_alias)
    found = golden(database, fin_urn("TST0001"))
    assert found is not None
    assert found["fields"]["citizenship"] == ["TUR"]
    assert found["fields"]["placeOfBirth"] == "Sınaq"


def test_a_lock_that_is_not_given_up_is_a_passing_condition(
    connect: Callable[[], Database],
) -> None:
    holder, waiter = connect(), connect()
    (blocked,) = turmoil(seed=4, size=1)
    with holder.transaction() as tx:
        tx.execute("LOCK TABLE registry.claim IN ACCESS EXCLUSIVE MODE")
        with waiter.transaction() as other:
            other.execute("SET SESSION statement_timeout = '200ms'")
        with pytest.raises(RetryLater):
            put(waiter, blocked)
