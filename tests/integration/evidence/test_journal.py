"""The journal keeps every message once, as received."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hub.evidence import journal
from hub.evidence.journal import Admission, Arrival, Sealed
from hub.store.database import Database
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

NOW = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)


def sealed(message_id: str, body: bytes = b"<a/>", ministry: str = "justice") -> Sealed:
    return Sealed(
        ministry=ministry,
        message_id=message_id,
        body=body,
        body_sha256=hashlib.sha256(body).hexdigest(),
        lane="live",
        content_type="text/xml",
        sender=None,
        channel="direct",
        headers={"x-a": "1"},
        published_at=None,
        records=2,
    )


def admit(database: Database, *messages: Sealed) -> Sequence[Admission]:
    with database.transaction() as tx:
        return journal.admit(tx, messages, NOW)


def arrivals(database: Database) -> dict[str, int]:
    with database.transaction() as tx:
        rows = tx.rows("SELECT message_key, arrivals FROM evidence.journal")
    return {row["message_key"]: row["arrivals"] for row in rows}


def test_a_message_is_given_back_byte_for_byte(database: Database) -> None:
    body = bytes(range(256)) * 10
    (admission,) = admit(database, sealed("m1", body))
    with database.transaction() as tx:
        (row,) = journal.read(tx, [admission.journal_id])
    assert row["body"] == body
    assert (row["ministry"], row["message_id"], row["headers"]) == ("justice", "m1", {"x-a": "1"})


def test_the_same_message_again_is_counted_and_not_kept_twice(database: Database) -> None:
    (first,) = admit(database, sealed("m1"))
    (second,) = admit(database, sealed("m1"))
    assert first == Admission(first.journal_id, Arrival.FRESH)
    assert second == Admission(first.journal_id, Arrival.AGAIN)
    assert arrivals(database) == {"m1": 2}


def test_the_same_message_twice_in_one_batch_is_fresh_once(database: Database) -> None:
    outcomes = [a.arrival for a in admit(database, sealed("m1"), sealed("m1"), sealed("m2"))]
    assert outcomes == [Arrival.FRESH, Arrival.AGAIN, Arrival.FRESH]
    assert arrivals(database) == {"m1": 2, "m2": 1}


def test_another_body_under_a_known_id_is_kept_beside_the_first(database: Database) -> None:
    (first,) = admit(database, sealed("m1", b"one"))
    (second,) = admit(database, sealed("m1", b"two"))
    assert second.arrival is Arrival.REUSED_ID
    assert second.journal_id != first.journal_id
    with database.transaction() as tx:
        bodies = {row["body"] for row in journal.read(tx, [first.journal_id, second.journal_id])}
    assert bodies == {b"one", b"two"}


def test_within_a_batch_the_first_body_of_an_id_is_the_message(database: Database) -> None:
    outcomes = admit(database, sealed("m1", b"one"), sealed("m1", b"two"), sealed("m1", b"one"))
    assert [a.arrival for a in outcomes] == [Arrival.FRESH, Arrival.REUSED_ID, Arrival.AGAIN]


def test_a_reused_id_that_comes_again_stays_one_row(database: Database) -> None:
    admit(database, sealed("m1", b"one"))
    (first,) = admit(database, sealed("m1", b"two"))
    (again,) = admit(database, sealed("m1", b"two"))
    assert again == first
    assert len(arrivals(database)) == 2


def test_ids_belong_to_their_ministry(database: Database) -> None:
    outcomes = admit(database, sealed("m1"), sealed("m1", b"other", ministry="health"))
    assert [a.arrival for a in outcomes] == [Arrival.FRESH, Arrival.FRESH]


def test_bodies_go_to_the_partition_of_their_day_in_baku(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("SELECT evidence.ensure_partitions(%s, 3)", [NOW.date()])
        tx.execute("SELECT evidence.ensure_partitions(%s, 3)", [NOW.date()])
    (admission,) = admit(database, sealed("m1"))
    with database.transaction() as tx:
        (row,) = tx.rows("SELECT tableoid::regclass::text AS part FROM evidence.journal_body")
        (kept,) = journal.read(tx, [admission.journal_id])
    assert row["part"] == "evidence.journal_body_20260303"
    assert kept["body"] == b"<a/>"


def test_a_day_that_intake_is_just_beginning_keeps_its_bodies_where_they_are(
    database: Database, database_url: str
) -> None:
    rival = Database(database_url)
    made = threading.Event()

    def make_partitions() -> None:
        with rival.transaction() as tx:
            tx.execute("SELECT evidence.ensure_partitions(%s, 3)", [NOW.date()])
        made.set()

    maker = threading.Thread(target=make_partitions)
    with database.transaction() as tx:
        journal.admit(tx, [sealed("m1")], NOW)
        maker.start()
        waiting = "SELECT count(*) AS n FROM pg_locks WHERE NOT granted"
        wait_until(lambda: tx.rows(waiting)[0]["n"] > 0, 60, "a partition that waits for the row")
    maker.join()
    rival.close()
    assert made.is_set()


def test_expected_records_of_a_reused_id_are_one(database: Database) -> None:
    admit(database, sealed("m1", b"one"), sealed("m1", b"two")._replace(records=7))
    with database.transaction() as tx:
        (total,) = tx.rows("SELECT sum(records) AS records FROM evidence.journal")
    assert total["records"] == 3
