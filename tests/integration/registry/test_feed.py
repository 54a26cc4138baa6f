"""The change feed: complete, in the order of commits, whoever writes and whenever it is read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from hub.registry import feed
from hub.registry.feed import Change
from hub.registry.fold import Outcome
from hub.registry.handler import RegistryHandler
from hub.registry.writer import write
from hub.store.database import Database
from routing.observer import Unobserved
from schemas.envelope import Event, Operation
from schemas.errors import RetryLater
from tests.integration.registry.events import event, fin, person, turmoil
from tests.integration.registry.site import Died, Flaky, Site, persons
from tests.integration.registry.writing import NOW
from tests.support.locks import somebody_waits
from tests.support.servers import wait_until

pytestmark = pytest.mark.database


def of(number: int, name: str = "Sınaq", version: int = 1, **given: object) -> Event:
    return event(
        "person",
        person(fin(f"TST{number:04}"), name),
        ministry="interior",
        message_id=f"m-{number}-{version}-{given.get('operation', 'create')}",
        version=version,
        **given,  # type: ignore[arg-type]  # an operation, if anything
    )


def handled(database: Database, *events: Event) -> None:
    """Write as the registry's worker does."""
    handler = RegistryHandler("w", database, _NoPublisher(), [], Unobserved())
    handler._write(list(events), NOW)


class _NoPublisher:
    def publish(self, messages: object) -> None:
        raise AssertionError("nothing is published here")

    def close(self) -> None:
        """Nothing is held."""


def changes(database: Database, after: int = 0, limit: int = 10_000) -> list[Change]:
    with database.transaction() as tx:
        return feed.read(tx, after, limit)


def test_what_changed_a_fact_is_in_the_feed_whole_and_as_it_came(database: Database) -> None:
    created, changed = of(1), of(1, "Misal", 2, operation=Operation.CHANGE)
    annulled = of(1, version=3, operation=Operation.ANNUL)
    handled(database, created)
    handled(database, changed, annulled)
    assert [change.event for change in changes(database)] == [created, changed, annulled]


def test_what_changed_nothing_is_not_in_the_feed(database: Database) -> None:
    newer, older = of(1, "Misal", 2), of(1, "Sınaq", 1)
    handled(database, newer)
    handled(database, older)
    handled(database, newer)
    assert [change.event for change in changes(database)] == [newer]


def test_every_kind_of_record_and_operation_comes_back_as_it_was(database: Database) -> None:
    events = turmoil(seed=4, size=120)
    with database.transaction() as tx:
        outcomes = write(tx, events, NOW)
        written = [each for each in events if outcomes[each.id] is Outcome.WRITTEN]
        feed.append(tx, written, NOW)
    assert [change.event for change in changes(database)] == written
    assert {each.operation for each in written} >= {Operation.CREATE, Operation.ANNUL}


def test_pages_join_without_gap_or_overlap(database: Database) -> None:
    handled(database, *(of(number) for number in range(7)))
    found: list[int] = []
    while page := changes(database, found[-1] if found else 0, 3):
        found += [change.position for change in page]
    assert found == [change.position for change in changes(database)]


def test_a_rolled_back_change_is_in_no_feed(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as tx:  # noqa: PT012 - one rollback
        feed.append(tx, [of(1)], NOW)
        raise RuntimeError
    assert changes(database) == []


def test_the_feed_names_what_patterns_select_by(database: Database) -> None:
    handled(database, of(1))
    assert [change.key for change in changes(database)] == ["c412.person.v1.interior"]


def race(connect: Callable[[], Database]) -> list[int]:
    """Append by two writers, the first committing last; give what a reader saw page by page."""
    first, second, reader = connect(), connect(), connect()
    appended, committed = threading.Event(), threading.Event()

    def begin_first() -> None:
        with first.transaction() as tx:
            feed.append(tx, [of(1)], NOW)
            appended.set()
            committed.wait(60)

    def commit_second() -> None:
        with second.transaction() as tx:
            feed.append(tx, [of(2)], NOW)

    holder = threading.Thread(target=begin_first)
    holder.start()
    assert appended.wait(60)
    follower = threading.Thread(target=commit_second)
    follower.start()

    def waiting_or_done() -> bool:
        return somebody_waits(reader) or not follower.is_alive()

    wait_until(waiting_or_done, 60, "the second writer")
    seen = _positions(reader, 0)
    committed.set()
    holder.join(10)
    follower.join(10)
    return seen + _positions(reader, seen[-1] if seen else 0)


def _positions(database: Database, after: int) -> list[int]:
    with database.transaction() as tx:
        rows = tx.rows(
            "SELECT position FROM registry.change WHERE position > %s ORDER BY position", [after]
        )
    return [row["position"] for row in rows]


def test_a_change_that_is_committed_late_is_not_skipped(connect: Callable[[], Database]) -> None:
    assert len(race(connect)) == 2


def test_without_its_lock_the_feed_would_skip(
    connect: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_LOCK", "SELECT 1")
    assert len(race(connect)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_eight_writers_at_once_and_a_reader_that_never_skips(
    connect: Callable[[], Database], seed: int
) -> None:
    writers, rounds, most = 8, 6, 12
    done = threading.Event()
    read: list[Change] = []
    failed: list[BaseException] = []

    def follow(database: Database) -> None:
        while True:
            last_look = done.is_set()
            page = changes(database, read[-1].position if read else 0, 7)
            read.extend(page)
            if last_look and not page:
                return

    def fill(database: Database, number: int) -> None:
        draw = random.Random(f"{seed}-{number}")
        try:
            for turn in range(rounds):
                some = [of(draw.randrange(40), str(turn), 1 + turn + 10 * number)
                        for _ in range(draw.randint(1, most))]  # fmt: skip
                insist(lambda some=some: handled(database, *some))  # type: ignore[misc]
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=fill, args=(connect(), n)) for n in range(writers)]
    reader = threading.Thread(target=follow, args=(connect(),))
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    reader.join(60)
    assert failed == []
    assert [change.position for change in read] == _positions(connect(), 0)
    assert len(read) > writers


def insist(act: Callable[[], None]) -> None:
    while True:
        try:
            act()
        except RetryLater:
            continue
        return


def test_a_writer_that_dies_before_its_commit_leaves_nothing_and_after_it_everything(
    database_url: str,
) -> None:
    database = Flaky(database_url)
    site = Site(database_url, database, deadly=persons("A", "B")[1].id)
    events = persons("A", "B")
    site.publish(*events)
    with pytest.raises(Died):
        site.step()
    assert changes(database) == []
    site.subscription.close()
    site.deadly = ""
    site.restart()
    site.step()
    assert [change.event.id for change in changes(database)] == [each.id for each in events]
    assert site.depth() == 0
    database.close()
